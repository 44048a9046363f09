#pragma once

#include <filesystem>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec::attestation {

// Whom a client believes that a key is in a TPM: certificates of TPM vendors, and revocation lists. A value
// type.
struct EkTrust {
  enum class Revocation { kWhereListGiven, kListRequired };

  std::vector<Bytes> anchors;           // DER; each of them is trusted, a root or not
  std::vector<Bytes> revocation_lists;  // DER
  Revocation revocation = Revocation::kWhereListGiven;

  // Reads every *.pem, *.crt, *.cer and *.der below the folder (PEM files may hold several certificates), and
  // every *.crl and *.pem of certificate lists below `revocation_folder` unless that is empty. Other files
  // are left alone. NOT_FOUND if a folder is not there or there is no certificate in the first;
  // INVALID_ARGUMENT with the file's name if one cannot be parsed.
  static absl::StatusOr<EkTrust> Load(const std::filesystem::path& folder,
                                      const std::filesystem::path& revocation_folder);
};

}  // namespace labrec::attestation
