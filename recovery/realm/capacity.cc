#include "recovery/realm/capacity.h"

#include "absl/strings/str_cat.h"

namespace labrec::recovery {

uint64_t RowsMadeFor(uint32_t exponent) {
  return kFullBucketRows << exponent;
}

uint64_t AccountsMadeFor(uint32_t exponent) {
  return RowsMadeFor(exponent) / kRowsOfAnAccount;
}

uint32_t BucketExponentFor(uint64_t accounts) {
  uint32_t exponent = kLeastPlannedExponent;
  while (exponent < kMaxBucketExponent && AccountsMadeFor(exponent) < accounts) ++exponent;
  return exponent;
}

std::string Outgrown(uint64_t rows, uint32_t exponent) {
  if (rows <= RowsMadeFor(exponent)) return "";
  constexpr uint64_t kBytesOfARow = 64;
  return absl::StrCat("its 2^", exponent, " buckets are made for ", RowsMadeFor(exponent), " rows, it has ",
                      rows, ": each guess rewrites ", kBytesOfARow * (rows >> exponent),
                      " bytes of directory");
}

}  // namespace labrec::recovery
