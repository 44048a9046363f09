#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "recovery/server/tokens/key_source.h"

namespace labrec::recovery {

// A tenant's JWKS file, read again when it changes. Threads: any.
class JwksFile : public KeySource {
 public:
  // Reads the file. Errors name it; a set of which no key can be used is one, and says why. Keys that are
  // passed over are logged, here and whenever the file changes.
  static absl::StatusOr<std::unique_ptr<JwksFile>> Open(std::filesystem::path path);

  // The file's keys as of now: one stat(2) where nothing changed. A file that became unreadable, or no key
  // set, keeps the keys that were read last, so that an operator's slip locks nobody out; it is logged, once
  // per change. A key set is taken as it is, with no usable key too: what is not in it was taken out.
  absl::StatusOr<Keys> Current() override;
  void Refresh() override { Current().IgnoreError(); }
  KeyReport report() const override;

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
  void Take(Jwks jwks);

  const std::filesystem::path path_;
  mutable std::mutex mutex_;
  std::optional<Stamp> stamp_;
  Keys keys_;
  int64_t read_at_ms_ = 0;
  std::string problem_;
};

}  // namespace labrec::recovery
