#include "hsm/tpm2/realm/storage_key.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm2/link/session.h"
#include "hsm/tpm2/realm/key_blob.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr uint32_t kPersistentHandles = 64;  // looked at for a free one, from kStorageKeyHandle on

absl::Status OtherTpm(std::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat(std::string(what),
                   ": this is not the TPM that the realm was provisioned on, or TPM2_Clear was run on it"));
}

absl::StatusOr<TransientObject> CreatePrimary(Context& context, ESYS_TR session) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_PUBLIC pattern = StorageKeyTemplate();
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION pcrs{};
  ESYS_TR primary = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_CreatePrimary (owner hierarchy)",
      Esys_CreatePrimary(context.esys(), ESYS_TR_RH_OWNER, session, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
                         &pattern, &outside, &pcrs, &primary, nullptr, nullptr, nullptr, nullptr)));
  return TransientObject(context, primary);
}

absl::StatusOr<PersistentObject> OpenPersistent(Context& context, uint32_t handle) {
  ESYS_TR object = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      absl::StrCat("TPM2_ReadPublic of the persistent object 0x", absl::Hex(handle)),
      Esys_TR_FromTPMPublic(context.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object)));
  return PersistentObject(context, object);
}

absl::StatusOr<bool> IsUsable(Context& context, const PersistentObject& object) {
  TPM2B_PUBLIC* area = nullptr;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_ReadPublic", Esys_ReadPublic(context.esys(), object.esys(), ESYS_TR_NONE,
                                                       ESYS_TR_NONE, ESYS_TR_NONE, &area, nullptr, nullptr)));
  const EsysPtr<TPM2B_PUBLIC> owned(area);
  return IsStorageKey(*area);
}

// Whether keys can be made under it without an authorisation value: its public area does not tell.
absl::StatusOr<bool> TakesKeys(Context& context, const PersistentObject& object) {
  LABREC_ASSIGN_OR_RETURN(const Session session, Session::StartHmac(context, object.esys()));
  const absl::Status made =
      CreateKey(context, session, object.esys(), HmacKeyTemplate(), SecretBytes()).status();
  if (absl::IsPermissionDenied(made)) return false;
  LABREC_RETURN_IF_ERROR(made);
  return true;
}

absl::StatusOr<uint32_t> FreePersistentHandle(Context& context) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> used, HandlesFrom(context, TPM2_PERSISTENT_FIRST));
  for (uint32_t handle = kStorageKeyHandle; handle < kStorageKeyHandle + kPersistentHandles; ++handle) {
    if (std::find(used.begin(), used.end(), handle) == used.end()) return handle;
  }
  return absl::ResourceExhaustedError("no free persistent handle from 0x81000001 on");
}

// Makes `object` persistent at `handle`; where `object` is the persistent object at that handle, removes it.
absl::Status EvictControl(Context& context, ESYS_TR session, ESYS_TR object, uint32_t handle) {
  ESYS_TR persistent = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_EvictControl", Esys_EvictControl(context.esys(), ESYS_TR_RH_OWNER, object, session,
                                                           ESYS_TR_NONE, ESYS_TR_NONE, handle, &persistent)));
  if (persistent != ESYS_TR_NONE) PersistentObject(context, persistent).Reset();
  return absl::OkStatus();
}

absl::Status VerifyStorageKey(Context& context, ESYS_TR key, const StorageKeyState& state) {
  LABREC_ASSIGN_OR_RETURN(const Bytes name, NameOf(context, key));
  if (name != state.name) return OtherTpm("the TPM's storage key has another Name than the pinned one");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StorageKey> OpenStorageKey(Context& context, const StorageKeyState& state) {
  if (state.persistent_handle == 0) {
    absl::StatusOr<TransientObject> primary = CreatePrimary(context, ESYS_TR_PASSWORD);
    if (absl::IsPermissionDenied(primary.status())) {
      return absl::FailedPreconditionError(
          absl::StrCat(primary.status().message(),
                       " (the owner hierarchy has an authorisation value, which it had not at provisioning; ",
                       "make the storage key persistent at 0x81000001, or take the value away)"));
    }
    LABREC_RETURN_IF_ERROR(primary.status());
    LABREC_RETURN_IF_ERROR(VerifyStorageKey(context, primary->esys(), state));
    return StorageKey(*std::move(primary));
  }
  absl::StatusOr<PersistentObject> object = OpenPersistent(context, state.persistent_handle);
  if (absl::IsFailedPrecondition(object.status())) return OtherTpm(std::string(object.status().message()));
  LABREC_RETURN_IF_ERROR(object.status());
  LABREC_RETURN_IF_ERROR(VerifyStorageKey(context, object->esys(), state));
  return StorageKey(*std::move(object));
}

absl::StatusOr<StorageKeyState> ChooseStorageKey(Context& context, const SecretBytes& owner_authorization) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> persistent,
                          HandlesFrom(context, TPM2_PERSISTENT_FIRST));
  if (std::find(persistent.begin(), persistent.end(), kStorageKeyHandle) != persistent.end()) {
    LABREC_ASSIGN_OR_RETURN(const PersistentObject object, OpenPersistent(context, kStorageKeyHandle));
    LABREC_ASSIGN_OR_RETURN(bool usable, IsUsable(context, object));
    LABREC_ASSIGN_OR_RETURN(const Bytes name, NameOf(context, object.esys()));
    if (usable) {
      LABREC_ASSIGN_OR_RETURN(usable, TakesKeys(context, object));
    }
    if (usable) return StorageKeyState{kStorageKeyHandle, false, name};
  }
  LABREC_RETURN_IF_ERROR(SetAuth(context, ESYS_TR_RH_OWNER, owner_authorization.view()));
  LABREC_ASSIGN_OR_RETURN(const Session session, Session::StartUnsaltedHmac(context));
  LABREC_ASSIGN_OR_RETURN(const TransientObject primary,
                          CreatePrimary(context, session.For(Encrypt::kNeither)));
  StorageKeyState state;
  LABREC_ASSIGN_OR_RETURN(state.name, NameOf(context, primary.esys()));
  if (owner_authorization.empty()) return state;
  LABREC_ASSIGN_OR_RETURN(state.persistent_handle, FreePersistentHandle(context));
  state.made_persistent_here = true;
  LABREC_RETURN_IF_ERROR(
      EvictControl(context, session.For(Encrypt::kNeither), primary.esys(), state.persistent_handle));
  return state;
}

absl::Status RemoveStorageKey(Context& context, const StorageKeyState& state,
                              const SecretBytes& owner_authorization) {
  if (!state.made_persistent_here) return absl::OkStatus();
  absl::StatusOr<PersistentObject> object = OpenPersistent(context, state.persistent_handle);
  if (absl::IsFailedPrecondition(object.status())) return absl::OkStatus();
  LABREC_RETURN_IF_ERROR(object.status());
  LABREC_RETURN_IF_ERROR(VerifyStorageKey(context, object->esys(), state));
  LABREC_RETURN_IF_ERROR(SetAuth(context, ESYS_TR_RH_OWNER, owner_authorization.view()));
  LABREC_ASSIGN_OR_RETURN(const Session session, Session::StartUnsaltedHmac(context));
  return EvictControl(context, session.For(Encrypt::kNeither), object->Take(), state.persistent_handle);
}

}  // namespace labrec::hsm::tpm2
