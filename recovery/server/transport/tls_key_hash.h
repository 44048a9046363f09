#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/hash.h"

namespace labrec::recovery {

// SHA-256 of the SubjectPublicKeyInfo of the first certificate in a PEM file. FAILED_PRECONDITION if the file
// cannot be read or holds none.
absl::StatusOr<Digest> TlsKeyHash(const std::filesystem::path& certificate);

// The TLS keys that a realm's clients may see: those of the certificates in these files, and of the
// certificates that these replaced last, as a renewed one is served only a little later. Files are read anew
// at each call. Any thread.
class OwnTlsKeys {
 public:
  explicit OwnTlsKeys(std::vector<std::filesystem::path> certificates)
      : certificates_(std::move(certificates)) {}

  // OK if this is the hash of one of them. FAILED_PRECONDITION, for the client and the operator, if not: then
  // the client sees a TLS key that is not the realm's.
  absl::Status Check(const Digest& hash);

 private:
  struct Keys {
    absl::StatusOr<Digest> current;
    absl::StatusOr<Digest> before;
  };
  const std::vector<std::filesystem::path> certificates_;
  std::mutex mutex_;
  std::map<std::filesystem::path, Keys> keys_;
};

}  // namespace labrec::recovery
