#include "hsm/tpm2/attester.h"

#include <tss2/tss2_mu.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/attest/statements.h"
#include "hsm/tpm2/counted/room.h"
#include "hsm/tpm2/link/policy_session.h"
#include "hsm/tpm2/link/public_area.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr int kQuoteAttempts = 3;

Bytes WithoutSize(const Bytes& sized) {
  return Bytes(sized.begin() + 2, sized.end());
}

absl::Status CheckKeys(const LoadedRealm& realm) {
  if (!realm.evaluation_key.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError("this device was provisioned for an anchor, not for keys");
}

struct Challenge {
  TPM2B_ID_OBJECT id_object{};
  TPM2B_ENCRYPTED_SECRET encrypted_secret{};
};

absl::StatusOr<Challenge> ParseChallenge(ByteView id_object, ByteView encrypted_secret) {
  Challenge challenge;
  size_t id_size = 0;
  size_t secret_size = 0;
  if (Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(id_object.data(), id_object.size(), &id_size, &challenge.id_object) !=
          TSS2_RC_SUCCESS ||
      id_size != id_object.size() ||
      Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(encrypted_secret.data(), encrypted_secret.size(), &secret_size,
                                               &challenge.encrypted_secret) != TSS2_RC_SUCCESS ||
      secret_size != encrypted_secret.size()) {
    return absl::InvalidArgumentError("the challenge is no TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET");
  }
  return challenge;
}

// TPM2_ActivateCredential; the secret comes back encrypted by the realm's session, which also authorises the
// AK.
absl::StatusOr<SecretBytes> Open(LoadedRealm& realm, ESYS_TR ak, ESYS_TR ek, ESYS_TR ek_session,
                                 const Challenge& challenge) {
  Context& context = *realm.context;
  TPM2B_DIGEST* out = nullptr;
  const absl::Status opened = context.Check(
      "TPM2_ActivateCredential",
      Esys_ActivateCredential(context.esys(), ak, ek, realm.session->For(Encrypt::kResponse), ek_session,
                              ESYS_TR_NONE, &challenge.id_object, &challenge.encrypted_secret, &out));
  context.WipeAnswer();
  const EsysPtr<TPM2B_DIGEST> owned(out);
  if (opened.ok())
    return SecretBytes::TakeFrom(std::span(out->buffer, std::min<size_t>(out->size, sizeof out->buffer)));
  if (context.damage() != Damage::kNone || absl::IsUnavailable(opened)) return opened;
  return absl::InvalidArgumentError(absl::StrCat(
      "the challenge was not made for this realm's endorsement and attestation key, or was damaged: ",
      opened.message()));
}

absl::StatusOr<SecretBytes> OpenWith(LoadedRealm& realm, const EkTemplate& made_from,
                                     const Challenge& challenge) {
  Context& context = *realm.context;
  LABREC_ASSIGN_OR_RETURN(const EndorsementKey ek, realm.attestation_keys.LoadEk(context, made_from));
  LABREC_ASSIGN_OR_RETURN(const TransientObject ak, realm.attestation_keys.LoadAk(context));
  if (made_from.authorization == EkAuthorization::kAuthValue) {
    return Open(realm, ak.esys(), ek.esys(), ESYS_TR_PASSWORD, challenge);
  }
  LABREC_ASSIGN_OR_RETURN(PolicySession session, PolicySession::Start(context));
  LABREC_RETURN_IF_ERROR(session.Secret(ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD));
  return Open(realm, ak.esys(), ek.esys(), session.For(), challenge);
}

absl::StatusOr<TransientObject> LoadWrapped(LoadedRealm& realm, const KeyRoom& room, const WrappedKey& key) {
  Context& context = *realm.context;
  LABREC_ASSIGN_OR_RETURN(const TPM2B_PUBLIC public_area, UnmarshalPublic(key.public_area));
  LABREC_ASSIGN_OR_RETURN(const TPM2B_PRIVATE private_area, UnmarshalPrivate(key.private_area));
  LABREC_ASSIGN_OR_RETURN(const StorageKey parent, room.LoadStorageKey());
  ESYS_TR loaded = ESYS_TR_NONE;
  const absl::Status status = context.Check(
      "TPM2_Load", Esys_Load(context.esys(), parent.esys(), realm.session->For(Encrypt::kCommand),
                             ESYS_TR_NONE, ESYS_TR_NONE, &private_area, &public_area, &loaded));
  if (status.ok()) return TransientObject(context, loaded);
  if (context.damage() != Damage::kNone || !absl::IsFailedPrecondition(status)) return status;
  return absl::InvalidArgumentError(absl::StrCat("no key of this realm's TPM: ", status.message()));
}

}  // namespace

// Reads the certificate and makes the keys that identity_ names. EK and AK are made one after the other: each
// leaves its slot.
absl::Status TpmAttester::FindIdentity(LoadedRealm& realm) {
  if (identity_.has_value()) return absl::OkStatus();
  Context& context = *realm.context;
  LABREC_ASSIGN_OR_RETURN(EkCertificate certificate, ReadEkCertificate(context));
  AttesterIdentity identity;
  identity.ek_certificate = std::move(certificate.der);
  identity.intermediates = std::move(certificate.chain);
  {
    LABREC_ASSIGN_OR_RETURN(const EndorsementKey ek,
                            realm.attestation_keys.LoadEk(context, *certificate.made_from));
    LABREC_ASSIGN_OR_RETURN(identity.ek_public, PublicAreaOf(context, ek.esys()));
  }
  LABREC_ASSIGN_OR_RETURN(const TransientObject ak, realm.attestation_keys.LoadAk(context));
  LABREC_ASSIGN_OR_RETURN(identity.ak_public, PublicAreaOf(context, ak.esys()));
  made_from_ = certificate.made_from;
  identity_ = std::move(identity);
  return absl::OkStatus();
}

absl::StatusOr<AttesterIdentity> TpmAttester::Identity() {
  AttesterIdentity identity;
  const absl::Status done = connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_RETURN_IF_ERROR(FindIdentity(realm));
    identity = *identity_;
    return absl::OkStatus();
  });
  if (!done.ok()) return done;
  return identity;
}

absl::StatusOr<SecretBytes> TpmAttester::Activate(ByteView id_object, ByteView encrypted_secret) {
  LABREC_ASSIGN_OR_RETURN(const Challenge challenge, ParseChallenge(id_object, encrypted_secret));
  SecretBytes secret;
  const absl::Status done = connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_RETURN_IF_ERROR(FindIdentity(realm));
    LABREC_ASSIGN_OR_RETURN(const KeyRoom room, KeyRoom::Make(realm));
    LABREC_ASSIGN_OR_RETURN(secret, OpenWith(realm, *made_from_, challenge));
    return absl::OkStatus();
  });
  if (!done.ok()) return done;
  return secret;
}

absl::StatusOr<CertifiedRealmKeys> TpmAttester::CertifyRealmKeys(ByteView nonce) {
  CertifiedRealmKeys certified;
  const absl::Status done = connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_RETURN_IF_ERROR(CheckKeys(realm));
    Context& context = *realm.context;
    LABREC_ASSIGN_OR_RETURN(const TransientObject ak, realm.attestation_keys.LoadAk(context));
    certified.evaluation.public_area = WithoutSize(state_.evaluation_key->public_area);
    LABREC_ASSIGN_OR_RETURN(certified.evaluation.statement,
                            Certify(context, *realm.session, realm.evaluation_key.esys(), ak, nonce));
    certified.derivation.public_area = WithoutSize(state_.hmac_key.public_area);
    LABREC_ASSIGN_OR_RETURN(certified.derivation.statement,
                            Certify(context, *realm.session, realm.hmac_key.esys(), ak, nonce));
    return absl::OkStatus();
  });
  if (!done.ok()) return done;
  return certified;
}

// The values are read before and after the quote: they are the quoted ones if they did not change meanwhile.
absl::StatusOr<QuotedPcrs> TpmAttester::Quote(const PcrSelection& pcrs, ByteView nonce) {
  QuotedPcrs quoted;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    Context& context = *realm.context;
    LABREC_ASSIGN_OR_RETURN(const TransientObject ak, realm.attestation_keys.LoadAk(context));
    LABREC_ASSIGN_OR_RETURN(quoted.values, ReadPcrs(context, pcrs));
    for (int attempt = 0; attempt < kQuoteAttempts; ++attempt) {
      LABREC_ASSIGN_OR_RETURN(quoted.quote, tpm2::Quote(context, ak, pcrs, nonce));
      LABREC_ASSIGN_OR_RETURN(std::vector<Bytes> after, ReadPcrs(context, pcrs));
      if (after == quoted.values) return absl::OkStatus();
      quoted.values = std::move(after);
    }
    return absl::UnavailableError("the PCRs keep changing; call again");
  }));
  return quoted;
}

absl::StatusOr<SignedAttestation> TpmAttester::CertifyKey(const WrappedKey& key, ByteView nonce) {
  SignedAttestation statement;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const KeyRoom room, KeyRoom::Make(realm));
    LABREC_ASSIGN_OR_RETURN(const TransientObject loaded, LoadWrapped(realm, room, key));
    LABREC_ASSIGN_OR_RETURN(const TransientObject ak, realm.attestation_keys.LoadAk(*realm.context));
    LABREC_ASSIGN_OR_RETURN(statement, Certify(*realm.context, *realm.session, loaded.esys(), ak, nonce));
    return absl::OkStatus();
  }));
  return statement;
}

absl::StatusOr<SignedAttestation> TpmAttester::CertifyIndex(uint32_t index, uint16_t size, ByteView nonce) {
  SignedAttestation statement;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const TransientObject ak, realm.attestation_keys.LoadAk(*realm.context));
    LABREC_ASSIGN_OR_RETURN(statement,
                            tpm2::CertifyIndex(*realm.context, *realm.session, index, size, ak, nonce));
    return absl::OkStatus();
  }));
  return statement;
}

}  // namespace labrec::hsm::tpm2
