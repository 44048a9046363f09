#pragma once

#include <cstdint>
#include <string>

#include "recovery/store/buckets.h"

namespace labrec::recovery {

// How many buckets a ledger is made with, by the accounts that are expected; it cannot be changed later. A
// directory has 64 bytes a row and is read, hashed and rewritten with each row of it, and the tree has 64
// bytes of memory a bucket: 40 rows a bucket at most (a directory of 2.5 KiB, within one page), and more than
// 20 where the ledger is full. docs/performance.md, "Ten million records, on paper". Any thread.
inline constexpr uint64_t kRowsOfAnAccount = 2;  // its own, and that of one record
inline constexpr uint64_t kFullBucketRows = 40;
inline constexpr uint32_t kLeastPlannedExponent = 8;  // 16 KiB of memory: fewer spare nothing

// The most rows, and accounts with one record each, that 2^exponent buckets are made for.
uint64_t RowsMadeFor(uint32_t exponent);
uint64_t AccountsMadeFor(uint32_t exponent);

// The least exponent made for so many accounts, from kLeastPlannedExponent on; kMaxBucketExponent for more
// accounts than any is made for.
uint32_t BucketExponentFor(uint64_t accounts);

// Empty while 2^exponent buckets are made for so many rows; else says that, and what it costs.
std::string Outgrown(uint64_t rows, uint32_t exponent);

}  // namespace labrec::recovery
