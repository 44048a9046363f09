#include "recovery/labyrinth/base/reason.h"

#include <array>
#include <string>

#include "absl/strings/cord.h"

#include "hsm/base/absl_view.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr char kPayload[] = "labyrinth-recovery/v1/labyrinth/reason";

constexpr std::array<std::string_view, 14> kNames = {
    "none",      "malformed", "not opened", "wrong MAC", "wrong signature", "wrong sequence", "missing",
    "truncated", "forked",    "left out",   "raced",     "unknown code",    "wrong version",  "unproven"};

}  // namespace

std::string_view ReasonName(Reason reason) {
  return kNames[static_cast<size_t>(reason)];
}

absl::Status Failure(absl::StatusCode code, Reason reason, std::string_view message) {
  absl::Status status(code, AbslView(message));
  status.SetPayload(kPayload, absl::Cord(AbslView(ReasonName(reason))));
  return status;
}

Reason ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return Reason::kNone;
  const std::string name(*payload);
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Reason>(i);
  }
  return Reason::kNone;
}

}  // namespace labrec::recovery::labyrinth
