#include "hsm/tpm2/realm/anchor_indices.h"

#include <vector>

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/authorization.h"
#include "hsm/tpm2/link/commands.h"
#include "hsm/tpm2/link/public_area.h"

namespace labrec::hsm::tpm2 {
namespace {

// The indices that this provisioning defined. They are taken back, newest first, unless it succeeds.
class DefinedIndices {
 public:
  DefinedIndices(Context& context, const Session& session, const SecretBytes& owner_authorization)
      : context_(context), session_(session), owner_authorization_(owner_authorization) {}
  DefinedIndices(const DefinedIndices&) = delete;
  DefinedIndices& operator=(const DefinedIndices&) = delete;
  ~DefinedIndices() {
    for (; !indices_.empty(); indices_.pop_back()) {
      (void)RemoveIndex(context_, session_, std::move(indices_.back()), owner_authorization_);
    }
  }

  absl::StatusOr<const NvIndex*> Define(const TPM2B_NV_PUBLIC& area, const SecretBytes& auth_value) {
    LABREC_ASSIGN_OR_RETURN(NvIndex index,
                            DefineIndex(context_, session_, area, auth_value, owner_authorization_));
    indices_.push_back(std::move(index));
    return &indices_.back();
  }
  // They stay on the TPM.
  void Keep() { indices_.clear(); }

 private:
  Context& context_;
  const Session& session_;
  const SecretBytes& owner_authorization_;
  std::vector<NvIndex> indices_;
};

absl::StatusOr<IndexState> MakeCounter(Context& context, const Session& session, uint32_t index,
                                       const SecretBytes& authorization, DefinedIndices& defined) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes auth, AuthValue(authorization, kCounterAuth));
  LABREC_ASSIGN_OR_RETURN(const NvIndex* counter, defined.Define(CounterTemplate(index), auth));
  LABREC_RETURN_IF_ERROR(IncrementCounter(context, session, *counter));
  return DescribeIndex(context, *counter, index);
}

absl::StatusOr<IndexState> MakeClaim(Context& context, const Session& session, uint32_t index,
                                     const SecretBytes& authorization, DefinedIndices& defined) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes auth, AuthValue(authorization, kClaimAuth));
  LABREC_ASSIGN_OR_RETURN(const NvIndex* claim, defined.Define(ClaimTemplate(index, kClaimSize), auth));
  LABREC_RETURN_IF_ERROR(WriteIndex(context, session, *claim, SecretBytes::Random(kClaimSize).view()));
  return DescribeIndex(context, *claim, index);
}

// Removes one of the two indices if it is still there. Its authorisation value must be `auth_value`.
absl::Status RemoveOne(Context& context, const Session& session, const IndexState& state, size_t size,
                       const SecretBytes& auth_value, const SecretBytes& owner_authorization) {
  LABREC_ASSIGN_OR_RETURN(const bool defined, IsDefined(context, state.index));
  if (!defined) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(NvIndex index, OpenIndex(context, state, auth_value));
  LABREC_RETURN_IF_ERROR(ReadIndex(context, session, index, size).status());
  return RemoveIndex(context, session, std::move(index), owner_authorization);
}

}  // namespace

absl::StatusOr<AnchorState> MakeAnchor(Context& context, const Session& session, IndexRange range,
                                       const SecretBytes& authorization,
                                       const SecretBytes& owner_authorization) {
  DefinedIndices defined(context, session, owner_authorization);
  AnchorState state;
  LABREC_ASSIGN_OR_RETURN(const uint32_t for_counter, FreeIndex(context, range));
  LABREC_ASSIGN_OR_RETURN(state.counter, MakeCounter(context, session, for_counter, authorization, defined));
  LABREC_ASSIGN_OR_RETURN(const uint32_t for_claim, FreeIndex(context, range));
  LABREC_ASSIGN_OR_RETURN(state.claim, MakeClaim(context, session, for_claim, authorization, defined));
  defined.Keep();
  return state;
}

absl::StatusOr<AnchorIndices> OpenAnchor(Context& context, const AnchorState& state,
                                         const SecretBytes& authorization) {
  AnchorIndices indices;
  LABREC_ASSIGN_OR_RETURN(const SecretBytes counter_auth, AuthValue(authorization, kCounterAuth));
  LABREC_ASSIGN_OR_RETURN(indices.counter, OpenIndex(context, state.counter, counter_auth));
  LABREC_ASSIGN_OR_RETURN(const SecretBytes claim_auth, AuthValue(authorization, kClaimAuth));
  LABREC_ASSIGN_OR_RETURN(indices.claim, OpenIndex(context, state.claim, claim_auth));
  return indices;
}

absl::Status RemoveAnchor(Context& context, const Session& session, const AnchorState& state,
                          const SecretBytes& authorization, const SecretBytes& owner_authorization) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes counter_auth, AuthValue(authorization, kCounterAuth));
  LABREC_RETURN_IF_ERROR(
      RemoveOne(context, session, state.counter, sizeof(uint64_t), counter_auth, owner_authorization));
  LABREC_ASSIGN_OR_RETURN(const SecretBytes claim_auth, AuthValue(authorization, kClaimAuth));
  return RemoveOne(context, session, state.claim, kClaimSize, claim_auth, owner_authorization);
}

}  // namespace labrec::hsm::tpm2
