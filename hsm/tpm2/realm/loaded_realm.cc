#include "hsm/tpm2/realm/loaded_realm.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/authorization.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/link/commands.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm2/realm/key_blob.h"
#include "hsm/tpm2/realm/key_use.h"
#include "hsm/tpm2/realm/storage_key.h"

namespace labrec::hsm::tpm2 {
namespace {

absl::Status LoadKeys(LoadedRealm& realm, const RealmState& state, const SecretBytes& authorization,
                      const std::filesystem::path& pcr_approvals) {
  Context& context = *realm.context;
  LABREC_ASSIGN_OR_RETURN(const StorageKey parent, OpenStorageKey(context, state.storage_key));
  LABREC_ASSIGN_OR_RETURN(realm.session, Session::StartHmac(context, parent.esys()));
  if (state.pcr_binding) {  // the approver's key takes a slot for a moment: now, while the keys are not there
    LABREC_ASSIGN_OR_RETURN(
        realm.pcr_authorization,
        PcrAuthorization::Open(context, parent.esys(), *state.pcr_binding, pcr_approvals));
  }
  realm.storage_key = state.storage_key;
  if (!parent.primary().empty()) {
    LABREC_ASSIGN_OR_RETURN(realm.saved_storage_key, SavedObject::Save(context, parent.primary()));
  }
  if (state.evaluation_key) {
    LABREC_ASSIGN_OR_RETURN(realm.evaluation_auth, AuthValue(authorization, kEvaluationKeyAuth));
    LABREC_ASSIGN_OR_RETURN(realm.evaluation_key,
                            LoadKey(context, *realm.session, parent.esys(), *state.evaluation_key,
                                    EvaluationKeyPattern(state.pcr_binding), realm.evaluation_auth));
  }
  LABREC_ASSIGN_OR_RETURN(const SecretBytes auth, AuthValue(authorization, kHmacKeyAuth));
  LABREC_ASSIGN_OR_RETURN(realm.hmac_key, LoadKey(context, *realm.session, parent.esys(), state.hmac_key,
                                                  HmacKeyPattern(state.pcr_binding), auth));
  return absl::OkStatus();
}

// The first use of each: finds a wrong authorisation value, and a TPM that computes wrongly.
absl::Status SelfTest(LoadedRealm& realm, const RealmState& state) {
  Context& context = *realm.context;
  LABREC_RETURN_IF_ERROR(UseHmacKey(realm, AsBytes("self-test")).status());
  if (state.evaluation_key) {
    LABREC_ASSIGN_OR_RETURN(const TPM2B_PUBLIC area, UnmarshalPublic(state.evaluation_key->public_area));
    LABREC_ASSIGN_OR_RETURN(const P256Point pinned, PublicPointOf(area));
    LABREC_ASSIGN_OR_RETURN(const P256Point computed, UseEvaluationKey(realm, P256Point::Generator()));
    if (computed != pinned) {
      return absl::FailedPreconditionError(
          "the TPM's evaluation key is not the pinned one, or the TPM miscalculates");
    }
  }
  if (!state.anchor) return absl::OkStatus();
  LABREC_RETURN_IF_ERROR(ReadCounter(context, *realm.session, realm.anchor->counter).status());
  return ReadIndex(context, *realm.session, realm.anchor->claim, kClaimSize).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<LoadedRealm>> LoadRealm(const std::string& tcti, const RealmState& state,
                                                       const SecretBytes& authorization,
                                                       const std::filesystem::path& pcr_approvals,
                                                       const std::vector<SavedWrite>& saved_writes) {
  auto realm = std::make_unique<LoadedRealm>();
  LABREC_ASSIGN_OR_RETURN(realm->context, Context::Connect(tcti));
  std::vector<uint32_t> spared;
  spared.reserve(saved_writes.size());
  for (const SavedWrite& each : saved_writes) spared.push_back(each.context->savedHandle);
  LABREC_ASSIGN_OR_RETURN(spared, FlushAllBut(*realm->context, spared));
  LABREC_RETURN_IF_ERROR(LoadKeys(*realm, state, authorization, pcr_approvals));
  if (state.anchor) {
    LABREC_ASSIGN_OR_RETURN(realm->anchor, OpenAnchor(*realm->context, *state.anchor, authorization));
    LABREC_ASSIGN_OR_RETURN(realm->period_auth, AuthValue(authorization, kPeriodAuth));
  }
  LABREC_RETURN_IF_ERROR(SelfTest(*realm, state));
  realm->write_sessions.emplace(*realm->context, saved_writes, spared);
  return realm;
}

}  // namespace labrec::hsm::tpm2
