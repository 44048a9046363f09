#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "recovery/server/tokens/jwks.h"

namespace labrec::recovery {

// What the operator sees of a tenant's keys.
struct KeyReport {
  std::string from;          // a file or an address
  size_t usable = 0;         // keys
  int64_t read_at_ms = 0;    // when they were read, Unix milliseconds; 0: never
  std::string problem = {};  // of the latest try; empty: none
};

// Where the keys of a tenant's tokens come from. Threads: any.
class KeySource {
 public:
  struct Keys {
    std::shared_ptr<const Jwks> jwks;
    uint64_t generation = 0;  // another one whenever keys were read anew, in this process
  };

  virtual ~KeySource() = default;
  // The keys as of now. UNAVAILABLE, in words for whoever sent the token: there are none at present.
  virtual absl::StatusOr<Keys> Current() = 0;
  // A token named a key that is not among them: where they are fetched, it may be time.
  virtual void Miss() {}
  // Looks now, where that takes no waiting; else soon.
  virtual void Refresh() = 0;
  virtual KeyReport report() const = 0;

 protected:
  static uint64_t NewGeneration();
};

}  // namespace labrec::recovery
