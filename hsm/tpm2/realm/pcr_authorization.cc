#include "hsm/tpm2/realm/pcr_authorization.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "hsm/pcr/approval_folder.h"
#include "hsm/tpm2/attest/statements.h"
#include "hsm/tpm2/link/external_key.h"

namespace labrec::hsm::tpm2 {
namespace {

using hsm::PcrApproval;

TPM2B_PUBLIC Bound(const TPM2B_PUBLIC& pattern, const std::optional<PcrBinding>& binding) {
  return binding ? UnderPolicy(pattern, hsm::PcrApprovalPolicy(binding->approver)) : pattern;
}

// TPM2_VerifySignature (part 3, section 20.1) of the approval; the ticket holds until TPM2_Clear.
absl::StatusOr<TPMT_TK_VERIFIED> VerifyApproval(Context& context, const TransientObject& approver,
                                                const PcrApproval& approval) {
  const Digest signed_digest = Sha256(hsm::ApprovedPolicy(approval.approved));
  TPM2B_DIGEST digest{};
  digest.size = static_cast<UINT16>(signed_digest.size());
  std::copy(signed_digest.begin(), signed_digest.end(), digest.buffer);
  const TPMT_SIGNATURE signature = EcdsaSignature(approval.signature);
  TPMT_TK_VERIFIED* ticket = nullptr;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_VerifySignature of an approval of PCR values",
                    Esys_VerifySignature(context.esys(), approver.esys(), ESYS_TR_NONE, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &digest, &signature, &ticket)));
  const EsysPtr<TPMT_TK_VERIFIED> owned(ticket);
  return *ticket;
}

}  // namespace

TPM2B_PUBLIC EvaluationKeyPattern(const std::optional<PcrBinding>& binding) {
  return Bound(EvaluationKeyTemplate(), binding);
}

TPM2B_PUBLIC HmacKeyPattern(const std::optional<PcrBinding>& binding) {
  return Bound(HmacKeyTemplate(), binding);
}

absl::StatusOr<PcrAuthorization> PcrAuthorization::Open(Context& context, ESYS_TR salt_key,
                                                        const PcrBinding& binding,
                                                        const std::filesystem::path& approvals) {
  hsm::PcrValues present{binding.pcrs, {}};
  LABREC_ASSIGN_OR_RETURN(present.values, ReadPcrs(context, binding.pcrs));
  LABREC_ASSIGN_OR_RETURN(PcrApproval approval, hsm::FindApproval(approvals, binding.approver, present));
  // The key is loaded into a hierarchy, as tickets need one.
  LABREC_ASSIGN_OR_RETURN(const TransientObject approver,
                          LoadExternalKey(context, binding.approver, ESYS_TR_RH_OWNER));
  LABREC_ASSIGN_OR_RETURN(Bytes name, NameOf(context, approver.esys()));
  LABREC_ASSIGN_OR_RETURN(const TPMT_TK_VERIFIED ticket, VerifyApproval(context, approver, approval));
  LABREC_ASSIGN_OR_RETURN(PolicySession session, PolicySession::Start(context, salt_key));
  return PcrAuthorization(context, std::move(session), std::move(approval), std::move(name), ticket);
}

absl::StatusOr<ESYS_TR> PcrAuthorization::Begin() {
  if (asserted_) LABREC_RETURN_IF_ERROR(session_.Restart());
  asserted_ = true;
  const absl::Status as_approved =
      session_.Pcr(ToTpm(approval_.approved.pcrs), hsm::PcrDigest(approval_.approved));
  if (!as_approved.ok()) return ExplainRefusal(as_approved);
  LABREC_RETURN_IF_ERROR(
      session_.Authorize(hsm::ApprovedPolicy(approval_.approved), approver_name_, ticket_));
  LABREC_RETURN_IF_ERROR(session_.AuthValue());
  return session_.For(Encrypt::kBoth);
}

// Looks at the PCRs to tell why the TPM refused: its TPM_RC_VALUE stands for much else.
absl::Status PcrAuthorization::ExplainRefusal(const absl::Status& refused) {
  if (context_->damage() != Damage::kNone || absl::IsUnavailable(refused)) return refused;
  hsm::PcrValues present{approval_.approved.pcrs, {}};
  LABREC_ASSIGN_OR_RETURN(present.values, ReadPcrs(*context_, present.pcrs));
  if (present == approval_.approved) return refused;
  context_->LoseObjects();
  return absl::FailedPreconditionError(absl::StrCat("the PCRs ",
                                                    hsm::DifferingPcrs(present, approval_.approved),
                                                    " changed since the realm's keys were opened, and the "
                                                    "approval found then does not cover what they hold now"));
}

}  // namespace labrec::hsm::tpm2
