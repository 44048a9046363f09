#pragma once

#include <cstdint>

namespace labrec::recovery {

// A ledger has 2^exponent buckets, chosen when its realm is made (docs/formats.md, "Tree"). What a program
// takes and what a ledger can be made with is this one limit.
inline constexpr uint32_t kMaxBucketExponent = 20;

}  // namespace labrec::recovery
