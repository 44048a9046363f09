#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/api/retry_after.h"
#include "recovery/engine/call/caller.h"

namespace labrec::recovery {

// Why a request was turned away before anything was done or counted for it: for the metrics, so one word
// each.
namespace refusal {
inline constexpr std::string_view kAccountRate = "account_rate";    // over its account's rate
inline constexpr std::string_view kTenantRate = "tenant_rate";      // over its tenant's rate
inline constexpr std::string_view kQueueFull = "queue_full";        // no place, or gave way to one with fewer
inline constexpr std::string_view kAccountQueue = "account_queue";  // its account has enough waiting
inline constexpr std::string_view kDeadline = "deadline";           // passed while it waited
inline constexpr std::string_view kGone = "client_gone";            // nobody waits for the answer
inline constexpr std::string_view kStopping = "stopping";           // the realm shuts down
inline constexpr std::string_view kAttestation = "attestation_rate";          // over the rate of proofs
inline constexpr std::string_view kChipRegistrations = "chip_registrations";  // too many are under way
inline constexpr std::string_view kChipWrites = "chip_writes";  // the chip's write sessions are in use
inline constexpr std::string_view kAll[] = {kAccountRate,       kTenantRate, kQueueFull, kAccountQueue,
                                            kDeadline,          kGone,       kStopping,  kAttestation,
                                            kChipRegistrations, kChipWrites};
}  // namespace refusal

// `status`, marked with one of the words above.
absl::Status Refused(std::string_view why, absl::Status status);
// `status`, with the time after which to come back (kRetryAfter).
absl::Status WithRetryAfter(absl::Status status, std::chrono::milliseconds retry_after);
// `status`, whose message was written for whoever called: by the rules of requests and records, from the
// request and the caller's own record. A client hears nothing of any other (ForClients in
// server/service/rpc_status.h): its message may be a device's, a database's or a file system's, with names of
// this host, rows of others, and what the operator is to do. OK stays as it is.
absl::Status InOwnWords(absl::Status status);
template <typename T>
absl::StatusOr<T> InOwnWords(absl::StatusOr<T> result) {
  if (result.ok()) return result;
  return InOwnWords(std::move(result).status());
}
// Whether the message was, or the status is a refusal.
bool IsInOwnWords(const absl::Status& status);
// A refusal if the caller waits no more.
absl::Status CheckWaits(const Caller& caller);
// The word; nullopt if the status is not a refusal.
std::optional<std::string> RefusalOf(const absl::Status& status);

}  // namespace labrec::recovery
