#include "hsm/tpm2/counted/evaluation.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/counted/index.h"
#include "hsm/tpm2/counted/key.h"
#include "hsm/tpm2/counted/room.h"

namespace labrec::hsm::tpm2 {
namespace {

absl::Status DidNotMove(const UseCount& before, const UseCount& after) {
  return absl::DataLossError(absl::StrCat(
      "the TPM granted a use, and its count went from ", before.count, " of ", before.limit, " to ",
      after.count, " of ", after.limit,
      ": its memory is worn out, or somebody else uses this record's index. Nothing was evaluated"));
}

// What TPM2_PolicySecret authorises, and the index after it.
struct Taken {
  PolicySession policy;
  UseCount use;
};

absl::StatusOr<Taken> TakeOneUse(LoadedRealm& realm, const CountingIndex& index, const UseCount& before) {
  LABREC_ASSIGN_OR_RETURN(PolicySession policy, PolicySession::Start(*realm.context));
  LABREC_RETURN_IF_ERROR(TakeUse(realm, index, policy));
  LABREC_ASSIGN_OR_RETURN(const UseCount after, ReadUse(realm, index));
  if (after != UseCount{before.count + 1, before.limit}) return DidNotMove(before, after);
  LABREC_RETURN_IF_ERROR(policy.CommandCode(TPM2_CC_ECDH_ZGen));
  return Taken{std::move(policy), after};
}

}  // namespace

absl::StatusOr<CountedResult> EvaluateOnce(LoadedRealm& realm, const CountedKey& key,
                                           const EcdsaPublicKey& unlock_key, const UseCount& before,
                                           const P256Point& element) {
  LABREC_ASSIGN_OR_RETURN(const CountingIndex index, OpenCounting(*realm.context, key.index, unlock_key));
  LABREC_ASSIGN_OR_RETURN(const KeyRoom room, KeyRoom::Make(realm));
  LABREC_ASSIGN_OR_RETURN(const TransientObject loaded, LoadCountedKey(realm, room, key, unlock_key));
  LABREC_ASSIGN_OR_RETURN(const Taken taken, TakeOneUse(realm, index, before));
  LABREC_ASSIGN_OR_RETURN(const P256Point result, MultiplyByPolicy(realm, loaded, taken.policy, element));
  return CountedResult{result, taken.use};
}

}  // namespace labrec::hsm::tpm2
