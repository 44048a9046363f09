#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

#include "tools/admin/accept/accept.h"

namespace labrec::admin {

inline constexpr char kAcceptEvent[] = "anchor_accept";

// What the audit log says of an accept in words: "epoch 17, rows 40, ...". The number of discontinuities is a
// field of its own.
std::string AcceptDetail(const AcceptReport& report, const AcceptRequest& request);

// The highest number of discontinuities that the file names; 0 if there is no file.
absl::StatusOr<uint64_t> KnownDiscontinuities(const std::filesystem::path& audit_log);

}  // namespace labrec::admin
