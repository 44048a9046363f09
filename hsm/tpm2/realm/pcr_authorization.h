#pragma once

#include <filesystem>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"

#include "hsm/device_setup.h"
#include "hsm/pcr/pcr_approval.h"
#include "hsm/tpm2/link/policy_session.h"
#include "hsm/tpm2/link/public_area.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// The realm's keys as they are made from their templates: bound to PCRs (hsm::PcrApprovalPolicy of
// the approver), or not.
TPM2B_PUBLIC EvaluationKeyPattern(const std::optional<PcrBinding>& binding);
TPM2B_PUBLIC HmacKeyPattern(const std::optional<PcrBinding>& binding);

// The way to use keys that are bound to PCRs: a policy session of their own, salted as the realm's session
// is, that stays loaded. A use ends what was asserted, so each use takes TPM2_PolicyPCR, TPM2_PolicyAuthorize
// (with the ticket that the TPM gave at Open for the approver's signature) and TPM2_PolicyAuthValue: four
// commands where an unbound key takes one.
class PcrAuthorization {
 public:
  // Finds the approval in `approvals` that fits the PCRs' present values, and has the TPM check its
  // signature. Takes a session slot for as long as it lives, and a transient slot while this runs.
  // FAILED_PRECONDITION, saying what to do, if none fits.
  static absl::StatusOr<PcrAuthorization> Open(Context& context, ESYS_TR salt_key, const PcrBinding& binding,
                                               const std::filesystem::path& approvals);

  // Runs `command` (ESYS_TR session -> StatusOr), which uses one of the keys once, in a session that encrypts
  // both ways. FAILED_PRECONDITION, naming the PCRs, where they no longer hold the approved values. The
  // context then counts as having lost its objects: loading them again looks for another approval.
  template <typename Command>
  auto Run(const Command& command) -> decltype(command(ESYS_TR()));

 private:
  PcrAuthorization(Context& context, PolicySession session, hsm::PcrApproval approval, Bytes approver_name,
                   const TPMT_TK_VERIFIED& ticket)
      : context_(&context),
        session_(std::move(session)),
        approval_(std::move(approval)),
        approver_name_(std::move(approver_name)),
        ticket_(ticket) {}

  absl::StatusOr<ESYS_TR> Begin();
  absl::Status ExplainRefusal(const absl::Status& refused);
  // A PCR was extended, or the TPM was busy, between the policy's check and the use: it was not executed.
  bool IsPassing(const absl::Status& status) const {
    return absl::IsUnavailable(status) && context_->damage() == Damage::kNone;
  }

  static constexpr int kAttempts = 4;

  Context* context_;
  PolicySession session_;
  hsm::PcrApproval approval_;
  Bytes approver_name_;
  TPMT_TK_VERIFIED ticket_;
  bool asserted_ = false;  // the session holds assertions of a use that did not succeed
};

template <typename Command>
auto PcrAuthorization::Run(const Command& command) -> decltype(command(ESYS_TR())) {
  for (int attempt = 1;; ++attempt) {
    const absl::StatusOr<ESYS_TR> session = Begin();
    if (!session.ok()) return session.status();
    auto result = command(*session);
    if (result.ok()) asserted_ = false;
    if (result.ok() || attempt == kAttempts || !IsPassing(result.status())) return result;
  }
}

}  // namespace labrec::hsm::tpm2
