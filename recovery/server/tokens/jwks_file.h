#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/server/tokens/jwks.h"

namespace labrec::recovery {

// A tenant's JWKS file, read again when it changes. Threads: any.
class JwksFile {
 public:
  struct Keys {
    std::shared_ptr<const Jwks> jwks;
    uint64_t generation = 0;  // grows whenever the keys were read anew
  };

  // Reads the file. Errors name it; a set of which no key can be used is one, and says why. Keys that are
  // passed over are logged, here and whenever the file changes.
  static absl::StatusOr<std::unique_ptr<JwksFile>> Open(std::filesystem::path path);

  // The file's keys as of now: one stat(2) where nothing changed. A file that became unreadable, or no key
  // set, keeps the keys that were read last, so that an operator's slip locks nobody out; it is logged, once
  // per change. A key set is taken as it is, with no usable key too: what is not in it was taken out.
  Keys Current();

  const std::filesystem::path& path() const { return path_; }

 private:
  // What stat(2) says of one content.
  struct Stamp {
    uint64_t device = 0, inode = 0, size = 0;
    int64_t modified_ns = 0, changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };

  explicit JwksFile(std::filesystem::path path) : path_(std::move(path)) {}
  std::optional<Stamp> Look() const;
  absl::StatusOr<Jwks> Read() const;

  const std::filesystem::path path_;
  std::mutex mutex_;
  std::optional<Stamp> stamp_;
  Keys keys_;
};

}  // namespace labrec::recovery
