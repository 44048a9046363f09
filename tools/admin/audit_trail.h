#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "tools/admin/accept.h"

namespace labrec::admin {

inline constexpr char kAcceptEvent[] = "anchor_accept";

// What the audit log says of an accept in words: "epoch 17, rows 40, ...". The number of discontinuities is a
// field of its own.
std::string AcceptDetail(const AcceptReport& report, const AcceptRequest& request);

// The number of discontinuities after an accept, from its line of the audit log; 0 for any other line. Pure.
uint64_t DiscontinuitiesIn(std::string_view audit_line);

// The highest such number in the file; 0 if there is no file.
absl::StatusOr<uint64_t> KnownDiscontinuities(const std::filesystem::path& audit_log);

}  // namespace labrec::admin
