#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec::tpm {

// TPMS_CLOCK_INFO (Part 2, section 10.11.1).
struct ClockInfo {
  uint64_t clock = 0;  // milliseconds
  uint32_t reset_count = 0;
  uint32_t restart_count = 0;
  bool safe = false;
  bool operator==(const ClockInfo&) const = default;
};

// TPMS_CERTIFY_INFO (section 10.12.3): an object with this Name was loaded, private part included.
struct CertifyInfo {
  Bytes name;
  Bytes qualified_name;
  bool operator==(const CertifyInfo&) const = default;
};

// TPMS_CREATION_INFO (section 10.12.7): the object with this Name was created by this TPM.
struct CreationInfo {
  Bytes object_name;
  Bytes creation_hash;
  bool operator==(const CreationInfo&) const = default;
};

// One bank of a TPML_PCR_SELECTION (section 10.6.2): bit i of byte i/8, lowest first, selects PCR i.
struct PcrSelection {
  uint16_t hash = 0;
  Bytes bitmap;
  bool operator==(const PcrSelection&) const = default;
};

// TPMS_QUOTE_INFO (section 10.12.4).
struct QuoteInfo {
  std::vector<PcrSelection> selection;
  Bytes pcr_digest;  // hash, by the signing scheme's algorithm, of the selected PCRs one after the other
  bool operator==(const QuoteInfo&) const = default;
};

// TPMS_NV_CERTIFY_INFO (section 10.12.8): what the index with this Name holds from this offset on.
struct NvCertifyInfo {
  Bytes index_name;
  uint16_t offset = 0;
  Bytes contents;
  bool operator==(const NvCertifyInfo&) const = default;
};

// TPMS_ATTEST (Part 2, section 10.12.12), the statement that an AK signs, of type CERTIFY, CREATION, QUOTE
// or NV. A value type.
struct TpmsAttest {
  Bytes qualified_signer;  // the AK's Qualified Name
  Bytes extra_data;        // the caller's qualifyingData: here the nonce
  ClockInfo clock_info;
  uint64_t firmware_version = 0;  // plain only if the AK is in the endorsement or platform hierarchy
  std::variant<CertifyInfo, CreationInfo, QuoteInfo, NvCertifyInfo> attested;

  // All of `bytes` as one TPMS_ATTEST. INVALID_ARGUMENT without TPM_GENERATED_VALUE in front, for another
  // type, a length that no TPM writes, or bytes left over.
  static absl::StatusOr<TpmsAttest> Parse(ByteView bytes);

  bool operator==(const TpmsAttest&) const = default;
};

// TPML_PCR_SELECTION, as PolicyPCR takes it.
Bytes Marshal(const std::vector<PcrSelection>& selection);

}  // namespace labrec::tpm
