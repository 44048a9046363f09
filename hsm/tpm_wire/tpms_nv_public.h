#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/tpm_wire/hash.h"

namespace labrec::tpm {

// TPMS_NV_PUBLIC (Part 2, section 13.5), the public area of an NV index. A value type.
struct TpmsNvPublic {
  uint32_t index = 0;  // handle, 0x01000000 to 0x01ffffff
  HashAlgorithm name_algorithm = HashAlgorithm::kSha256;
  uint32_t attributes = 0;  // TPMA_NV; kNvWritten changes with the first write, and the Name with it
  Bytes auth_policy;        // empty, or a digest of the name algorithm
  uint16_t data_size = 0;

  // All of `bytes` as one TPMS_NV_PUBLIC. INVALID_ARGUMENT if a handle, algorithm, reserved attribute or
  // length is not one that a TPM writes and this verifier knows, or bytes are left over.
  static absl::StatusOr<TpmsNvPublic> Parse(ByteView bytes);

  Bytes Marshal() const;
  // nameAlg || H_nameAlg(TPMS_NV_PUBLIC) (Part 1, section 16).
  Bytes Name() const;
  // TPM_NT (Part 2, section 13.2): the type that the attributes name.
  uint32_t Type() const;

  bool operator==(const TpmsNvPublic&) const = default;
};

}  // namespace labrec::tpm
