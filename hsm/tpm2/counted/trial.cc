#include "hsm/tpm2/counted/trial.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm2/counted/index.h"
#include "hsm/tpm2/counted/range_mark.h"
#include "hsm/tpm2/counted/signed_write.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm_wire/index_write.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr uint32_t kFirstRevision = 138;  // TPM_PT_REVISION, times 100

absl::Status Broken(std::string_view what) {
  return absl::UnimplementedError(absl::StrCat("tried on an index of its own, this TPM ", AbslView(what),
                                               "; its PIN_PASS indices cannot be relied on"));
}

absl::Status GrantUsesUpTo(LoadedRealm& realm, CountingIndex& index, uint32_t handle,
                           const EcdsaPrivateKey& unlock_key, uint32_t limit) {
  const tpm::Written before = index.written ? tpm::Written::kYes : tpm::Written::kNo;
  LABREC_ASSIGN_OR_RETURN(PolicySession session, PolicySession::Start(*realm.context));
  LABREC_ASSIGN_OR_RETURN(const Bytes nonce, session.NonceTpm());
  LABREC_ASSIGN_OR_RETURN(const auto signature,
                          tpm::SignIndexWrite(unlock_key, {handle, before, limit}, nonce));
  return WriteLimit(realm, {index, unlock_key.public_key(), limit}, std::move(session), nonce, signature)
      .status();
}

absl::Status UseItUp(LoadedRealm& realm, const CountingIndex& index, uint32_t limit) {
  LABREC_ASSIGN_OR_RETURN(PolicySession session, PolicySession::Start(*realm.context));
  LABREC_RETURN_IF_ERROR(TakeUse(realm, index, session));
  LABREC_ASSIGN_OR_RETURN(const UseCount use, ReadUse(realm, index));
  if (use != UseCount{limit, limit}) return Broken("does not count");
  const absl::Status refused = TakeUse(realm, index, session);
  if (refused.ok()) return Broken("grants more uses than were written");
  return absl::IsPermissionDenied(refused) ? absl::OkStatus() : refused;
}

absl::Status TryCounting(LoadedRealm& realm, IndexRange range) {
  const EcdsaPrivateKey unlock_key = EcdsaPrivateKey::Generate();
  LABREC_ASSIGN_OR_RETURN(const uint32_t handle, FreeIndex(*realm.context, range));
  LABREC_ASSIGN_OR_RETURN(CountingIndex index, DefineCounting(realm, handle, unlock_key.public_key()));
  absl::Status tried;
  for (const uint32_t limit : {1U, 2U}) {  // the second write raises the limit, and leaves the count
    if (tried.ok()) tried = GrantUsesUpTo(realm, index, handle, unlock_key, limit);
    if (tried.ok()) tried = UseItUp(realm, index, limit);
  }
  const absl::Status removed =
      RemoveIndex(*realm.context, *realm.session, std::move(index.handle), realm.owner_authorization);
  return tried.ok() ? removed : tried;
}

// Whether the owner's value is right: TPM2_PolicySecret asks for it and changes nothing but a session.
absl::Status CheckOwner(LoadedRealm& realm) {
  LABREC_RETURN_IF_ERROR(SetAuth(*realm.context, ESYS_TR_RH_OWNER, realm.owner_authorization.view()));
  LABREC_ASSIGN_OR_RETURN(PolicySession session, PolicySession::Start(*realm.context));
  return session.Secret(ESYS_TR_RH_OWNER, realm.session->For(Encrypt::kNeither));
}

absl::Status Look(LoadedRealm& realm, IndexRange range, ByteView realm_id) {
  LABREC_ASSIGN_OR_RETURN(const std::optional<Bytes> mark, ReadRangeMark(realm, range));
  if (!mark) return CheckOwner(realm);
  if (SameBytes(*mark, realm_id)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the NV indices from 0x", absl::Hex(range.first),
                   " on belong to another realm on this TPM; give this one a range of its own "
                   "(counted-first=0x... in the device's address)"));
}

absl::StatusOr<std::string> WhyNotAtAll(LoadedRealm& realm, IndexRange range) {
  if (range.count < 2) return "turned off in the device's address (counted-indices)";
  LABREC_ASSIGN_OR_RETURN(const uint32_t revision, Property(*realm.context, TPM2_PT_REVISION));
  if (revision < kFirstRevision) {
    return absl::StrCat("this TPM follows revision ", revision / 100, ".", revision % 100,
                        " of the specification; indices that limit uses came with 1.38");
  }
  LABREC_ASSIGN_OR_RETURN(const uint32_t permanent, Property(*realm.context, TPM2_PT_PERMANENT));
  if ((permanent & TPMA_PERMANENT_OWNERAUTHSET) == 0 || !realm.owner_authorization.empty()) return "";
  return "the TPM's owner hierarchy has an authorisation value, which is needed to make and read counting "
         "indices: add owner-auth-source=file:/path to the device's address";
}

}  // namespace

absl::Status TakeRange(LoadedRealm& realm, IndexRange range, ByteView realm_id) {
  LABREC_ASSIGN_OR_RETURN(const std::optional<Bytes> mark, ReadRangeMark(realm, range));
  if (!mark) LABREC_RETURN_IF_ERROR(TryCounting(realm, CountingRange(range)));
  return MarkRange(realm, range, realm_id);
}

absl::StatusOr<std::string> WhyNotCounted(LoadedRealm& realm, IndexRange range, ByteView realm_id) {
  LABREC_ASSIGN_OR_RETURN(std::string why, WhyNotAtAll(realm, range));
  if (!why.empty()) return why;
  const absl::Status looked = Look(realm, range, realm_id);
  if (looked.ok()) return "";
  if (absl::IsUnavailable(looked)) return looked;
  return std::string(looked.message());
}

}  // namespace labrec::hsm::tpm2
