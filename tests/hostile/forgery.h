#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/realm/memory_realm.h"

namespace labrec::hostile {

// A version of the record that liars made up together: under a PIN that they guess, with a secret of their
// own, and as few realms as they like. All that they answer of it fits.
class Forgery {
 public:
  struct Wish {
    std::string account;
    std::map<size_t, Bytes> liars;  // their realm ids, by position
    uint32_t threshold = 1;
    uint32_t above = 0;  // the version comes after this one
    std::string pin;
    uint64_t seed = 0;
  };
  explicit Forgery(const Wish& wish);

  uint32_t version() const { return version_; }
  // Null if it does not take part.
  recovery::client::core::MemoryRealm* At(size_t realm);
  static constexpr std::string_view kSecret = "a secret of the liars' own";

 private:
  std::map<size_t, std::unique_ptr<recovery::client::core::MemoryRealm>> realms_;
  uint32_t version_ = 0;
};

}  // namespace labrec::hostile
