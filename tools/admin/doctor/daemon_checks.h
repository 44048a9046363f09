#pragma once

#include "recovery/api/v1/admin.pb.h"
#include "tools/admin/doctor/findings.h"

namespace labrec::admin {

// What a running daemon says of itself and its device. Pure.
void JudgeStatus(const labyrinth::recovery::v1::GetStatusResponse& status, int64_t now_ms,
                 Findings& findings);
// Whether so many rows are still what its buckets are made for. Pure.
void JudgeSize(uint64_t rows, uint32_t bucket_exponent, Findings& findings);

}  // namespace labrec::admin
