#pragma once

#include <filesystem>
#include <string>
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
  std::vector<std::string> skipped;     // what was not read in the folders, for messages
  Revocation revocation = Revocation::kWhereListGiven;

  // Reads every *.pem, *.crt, *.cer and *.der below the folder, and every *.crl, *.pem and *.der of
  // certificate lists below `revocation_folder` unless that is empty; capital letters count as small ones.
  // PEM files may hold several, and text around them; white space behind DER is dropped. Hidden files, other
  // suffixes and links to folders are `skipped`. NOT_FOUND if a folder is not there or there is no
  // certificate in the first; INVALID_ARGUMENT with the file's name if one cannot be read as a whole.
  static absl::StatusOr<EkTrust> Load(const std::filesystem::path& folder,
                                      const std::filesystem::path& revocation_folder);
  // Names what was skipped, for the end of a message; empty if nothing was.
  std::string Skipped() const;
};

}  // namespace labrec::attestation
