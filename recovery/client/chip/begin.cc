#include "recovery/client/chip/begin.h"

#include "attestation/evidence/evidence.h"
#include "attestation/verify/chip_record_verifier.h"
#include "hsm/base/status_macros.h"
#include "pin/confirmation.h"
#include "pin/oprf.h"
#include "recovery/api/limits.h"
#include "recovery/client/chip/write.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/signed_call.h"

namespace labrec::recovery::client {
namespace {

using attestation::CertifiedRecordKey;
using tpm::Written;

// What the first write grants: the two evaluations of the confirmation and no more. A host could else
// authorise uses of the key now that it makes later, when the count is set back and the salt is known.
constexpr uint32_t kConfirmations = 2;

// One exchange with one realm.
class Exchange {
 public:
  Exchange(const RealmSet& realms, size_t realm, const ChipBeginning& beginning, Cancellation& cancellation)
      : realms_(realms),
        realm_(realm),
        channel_(realms[realm]),
        beginning_(beginning),
        cancellation_(cancellation) {}

  absl::StatusOr<BegunInChip> Run() {
    LABREC_ASSIGN_OR_RETURN(VerifiedAk verified, VerifyAk(realms_, realm_, beginning_.trust, cancellation_));
    BegunInChip begun;
    begun.ak_name = verified.ak.Name();
    begun.report = std::move(verified.report);
    LABREC_ASSIGN_OR_RETURN(const CertifiedRecordKey key, MakeKey(verified.ak, begun));
    begun.index = key.written_index.index;
    const ChipVersion version{beginning_.record, beginning_.version, begun.index, &beginning_.unlock_key,
                              &verified.ak};
    LABREC_RETURN_IF_ERROR(
        WriteCounter(realms_, realm_, version, Written::kNo, kConfirmations, begun.report, cancellation_));
    LABREC_RETURN_IF_ERROR(Confirm(key.public_key, begun));
    LABREC_RETURN_IF_ERROR(WriteCounter(realms_, realm_, version, Written::kYes, beginning_.guess_limit,
                                        begun.report, cancellation_));
    return begun;
  }

 private:
  absl::StatusOr<CertifiedRecordKey> MakeKey(const tpm::TpmtPublic& ak, BegunInChip& begun) {
    const SecretBytes nonce = SecretBytes::Random(kNonceBytes);
    LABREC_ASSIGN_OR_RETURN(const v1::BeginRegistrationResponse response, Begin(nonce.view()));
    begun.registration_id = ToBytes(response.registration_id());
    const auto evidence = attestation::DecodeRecordKeyEvidence(AsBytes(response.chip().evidence()));
    if (!evidence.ok()) return Unproven(channel_, evidence.status());
    auto key = CheckRecordKeyEvidence(
        ak, *evidence, beginning_.unlock_key.public_key(),
        ChipNonce(realms_, realm_, beginning_.record, beginning_.version, nonce.view()), begun.report);
    if (!key.ok()) return Unproven(channel_, key.status());
    return key;
  }

  absl::StatusOr<v1::BeginRegistrationResponse> Begin(ByteView nonce) {
    const Bytes spki = beginning_.unlock_key.public_key().Spki();
    const Bytes body =
        BeginChipBody(beginning_.record, beginning_.version, spki, beginning_.guess_limit, nonce);
    LABREC_ASSIGN_OR_RETURN(v1::Signature signature, Authorize(realms_, realm_, Operation::kBeginChipVersion,
                                                               body, beginning_.signer, cancellation_));
    v1::BeginRegistrationRequest request;
    request.set_record(beginning_.record);
    request.set_version(beginning_.version);
    request.mutable_chip()->set_unlock_public_key(ToString(spki));
    request.mutable_chip()->set_guess_limit(beginning_.guess_limit);
    request.mutable_chip()->set_nonce(ToString(nonce));
    *request.mutable_chip()->mutable_authorization() = std::move(signature);
    return channel_.Call(request, cancellation_);
  }

  absl::Status Confirm(const P256Point& certified_key, BegunInChip& begun) {
    LABREC_ASSIGN_OR_RETURN(const pin::Blinded blinded, pin::Blind(beginning_.input));
    const pin::Confirmation confirmation(blinded.element);
    v1::ConfirmKeyRequest request;
    request.set_record(beginning_.record);
    request.set_version(beginning_.version);
    request.set_registration_id(ToString(begun.registration_id));
    for (const P256Point& element : confirmation.elements()) {
      request.add_elements(ToString(element.Compressed()));
    }
    LABREC_ASSIGN_OR_RETURN(const v1::ConfirmKeyResponse response, channel_.Call(request, cancellation_));
    std::vector<P256Point> answers;
    for (const std::string& answer : response.evaluated()) {
      auto point = P256Point::ParseCompressed(AsBytes(answer));
      if (!point.ok()) return Unproven(channel_, point.status());
      answers.push_back(*point);
    }
    const auto evaluated = confirmation.Check(answers, certified_key);
    if (!evaluated.ok()) return Unproven(channel_, evaluated.status());
    LABREC_ASSIGN_OR_RETURN(begun.rho, pin::Finalize(beginning_.input, blinded.blind, *evaluated));
    begun.report.push_back(
        {"evaluations come from the certified key", "two evaluations that only that key makes fit together"});
    return absl::OkStatus();
  }

  const RealmSet& realms_;
  const size_t realm_;
  RealmChannel& channel_;
  const ChipBeginning& beginning_;
  Cancellation& cancellation_;
};

}  // namespace

absl::StatusOr<BegunInChip> BeginInChip(const RealmSet& realms, size_t realm, const ChipBeginning& beginning,
                                        Cancellation& cancellation) {
  return Exchange(realms, realm, beginning, cancellation).Run();
}

}  // namespace labrec::recovery::client
