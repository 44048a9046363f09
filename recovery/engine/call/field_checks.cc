#include "recovery/engine/call/field_checks.h"

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

absl::Status Require(bool good, const char* message) {
  return good ? absl::OkStatus() : InOwnWords(absl::InvalidArgumentError(message));
}

}  // namespace

absl::Status CheckCaller(const Caller& caller) {
  LABREC_RETURN_IF_ERROR(InOwnWords(CheckIdentifier("tenant", caller.tenant)));
  return InOwnWords(CheckIdentifier("account", caller.account));
}

absl::Status CheckSizes(const RegistrationRequest& request) {
  LABREC_RETURN_IF_ERROR(Require(request.config.size() <= kMostConfigBytes, "config: at most 8192 bytes"));
  LABREC_RETURN_IF_ERROR(Require(request.commitment.size() == kCommitmentBytes, "commitment: 32 bytes"));
  return Require(!request.sealed_secret.empty() && request.sealed_secret.size() <= kMostSealedSecretBytes,
                 "sealed_secret: 1 to 2048 bytes");
}

}  // namespace labrec::recovery
