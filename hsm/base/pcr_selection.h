#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace labrec {

// Platform configuration registers of a TPM, by bank. A value type.
struct PcrSelection {
  struct Bank {
    uint16_t hash = 0;              // TPM_ALG_ID: SHA-256, SHA-384 or SHA-512
    std::vector<uint32_t> indices;  // ascending, 0 to 23
    bool operator==(const Bank&) const = default;
  };
  std::vector<Bank> banks;  // ascending by hash, none empty

  // "sha256:0,2,7", several banks joined by "+". INVALID_ARGUMENT, saying what is wrong, for anything else:
  // an unknown bank, a bank or PCR named twice, a PCR above 23.
  static absl::StatusOr<PcrSelection> Parse(std::string_view text);
  // What Parse takes.
  std::string ToString() const;

  bool operator==(const PcrSelection&) const = default;
};

}  // namespace labrec
