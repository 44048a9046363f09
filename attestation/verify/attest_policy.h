#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "attestation/verify/ek/trust.h"
#include "hsm/base/bytes.h"
#include "hsm/base/ecdsa.h"

namespace labrec::attestation {

// A client's conditions for a realm's TPM, as a TOML file says them (docs/attestation.md has one). A value
// type.
struct AttestPolicy {
  struct Pcr {
    uint16_t bank = 0;  // TPM_ALG_ID: SHA-256, SHA-384 or SHA-512
    uint32_t index = 0;
    auto operator<=>(const Pcr&) const = default;
  };

  EkTrust trust;
  std::map<Pcr, std::vector<Bytes>> pcrs;      // each one's accepted values
  std::optional<uint64_t> minimum_firmware;    // TPM_PT_FIRMWARE_VERSION_1 and _2
  std::optional<EcdsaPublicKey> pcr_approver;  // then the realm's keys must be under PcrApprovalPolicy of it

  // Reads the file; folders and files in it are relative to it. NOT_FOUND if it or what it names is not
  // there; INVALID_ARGUMENT with the place if a key is unknown, missing or of another form.
  static absl::StatusOr<AttestPolicy> Load(const std::filesystem::path& path);
  // The same from text, with the folder that relative names start from.
  static absl::StatusOr<AttestPolicy> Parse(std::string_view toml, const std::filesystem::path& folder);
};

// "7.85.4555.0": four 16-bit parts, highest first.
std::string FirmwareText(uint64_t version);
// One to four such parts, those left out being 0. INVALID_ARGUMENT otherwise.
absl::StatusOr<uint64_t> ParseFirmware(std::string_view text);

}  // namespace labrec::attestation
