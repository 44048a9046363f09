#include "hsm/tpm2/loaded_realm.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/authorization.h"
#include "hsm/tpm2/capability.h"
#include "hsm/tpm2/commands.h"
#include "hsm/tpm2/key_blob.h"
#include "hsm/tpm2/public_area.h"
#include "hsm/tpm2/storage_key.h"

namespace labrec::hsm::tpm2 {
namespace {

absl::Status LoadKeys(LoadedRealm& realm, const RealmState& state, const SecretBytes& authorization) {
  Context& context = *realm.context;
  LABREC_ASSIGN_OR_RETURN(const StorageKey parent, OpenStorageKey(context, state.storage_key));
  LABREC_ASSIGN_OR_RETURN(realm.session, Session::StartHmac(context, parent.esys()));
  if (state.evaluation_key) {
    LABREC_ASSIGN_OR_RETURN(const SecretBytes auth, AuthValue(authorization, kEvaluationKeyAuth));
    LABREC_ASSIGN_OR_RETURN(realm.evaluation_key,
                            LoadKey(context, *realm.session, parent.esys(), *state.evaluation_key,
                                    EvaluationKeyTemplate(), auth));
  }
  LABREC_ASSIGN_OR_RETURN(const SecretBytes auth, AuthValue(authorization, kHmacKeyAuth));
  LABREC_ASSIGN_OR_RETURN(realm.hmac_key, LoadKey(context, *realm.session, parent.esys(), state.hmac_key,
                                                  HmacKeyTemplate(), auth));
  return absl::OkStatus();
}

// The first use of each: finds a wrong authorisation value, and a TPM that computes wrongly.
absl::Status SelfTest(LoadedRealm& realm, const RealmState& state) {
  Context& context = *realm.context;
  LABREC_RETURN_IF_ERROR(Hmac(context, *realm.session, realm.hmac_key.esys(), AsBytes("self-test")).status());
  if (state.evaluation_key) {
    LABREC_ASSIGN_OR_RETURN(const TPM2B_PUBLIC area, UnmarshalPublic(state.evaluation_key->public_area));
    LABREC_ASSIGN_OR_RETURN(const P256Point pinned, PublicPointOf(area));
    LABREC_ASSIGN_OR_RETURN(
        const P256Point computed,
        Multiply(context, *realm.session, realm.evaluation_key.esys(), P256Point::Generator()));
    if (computed != pinned) {
      return absl::FailedPreconditionError(
          "the TPM's evaluation key is not the pinned one, or the TPM miscalculates");
    }
  }
  if (state.counter) return ReadCounter(context, *realm.session, realm.counter).status();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NvIndex> OpenCounter(Context& context, const CounterState& state,
                                    const SecretBytes& authorization) {
  ESYS_TR index = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      absl::StrCat("TPM2_NV_ReadPublic of the freshness counter at 0x0", absl::Hex(state.index)),
      Esys_TR_FromTPMPublic(context.esys(), state.index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &index)));
  NvIndex counter(context, index);
  LABREC_ASSIGN_OR_RETURN(const Bytes name, NameOf(context, counter.esys()));
  if (name != state.name) {
    return absl::FailedPreconditionError(absl::StrCat("the NV index 0x0", absl::Hex(state.index),
                                                      " is not the realm's freshness counter any more"));
  }
  LABREC_ASSIGN_OR_RETURN(const SecretBytes auth, AuthValue(authorization, kCounterAuth));
  LABREC_RETURN_IF_ERROR(SetAuth(context, counter.esys(), auth.view()));
  return counter;
}

absl::StatusOr<std::unique_ptr<LoadedRealm>> LoadRealm(const std::string& tcti, const RealmState& state,
                                                       const SecretBytes& authorization) {
  auto realm = std::make_unique<LoadedRealm>();
  LABREC_ASSIGN_OR_RETURN(realm->context, Context::Connect(tcti));
  LABREC_RETURN_IF_ERROR(FlushWhatIsLeft(*realm->context));
  LABREC_RETURN_IF_ERROR(LoadKeys(*realm, state, authorization));
  if (state.counter) {
    LABREC_ASSIGN_OR_RETURN(realm->counter, OpenCounter(*realm->context, *state.counter, authorization));
  }
  LABREC_RETURN_IF_ERROR(SelfTest(*realm, state));
  return realm;
}

}  // namespace labrec::hsm::tpm2
