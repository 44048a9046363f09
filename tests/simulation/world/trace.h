#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "hsm/base/bytes.h"

namespace labrec::sim {

// Everything that happens in a simulation, as one number: two runs with the same number did the same.
class Trace {
 public:
  // `print`: every event on stdout too, to read what a seed does.
  explicit Trace(std::string name = "", bool print = false) : name_(std::move(name)), print_(print) {}
  const std::string& name() const { return name_; }

  // `now` is simulated nanoseconds, `who` the number of a simulated thread.
  void Event(int64_t now, size_t who, const char* what, uint64_t a = 0, uint64_t b = 0) {
    Mix(static_cast<uint64_t>(now));
    Mix(who);
    Mix(HashOf(AsBytes(what)));
    Mix(a);
    Mix(b);
    ++events_;
    if (print_) {
      std::printf("%12.3f us  thread %2zu  %-22s %" PRIu64 " %" PRIu64 "\n",
                  static_cast<double>(now) / 1000.0, who, what, a, b);
    }
  }
  // Words for who reads along; no part of the number.
  void Say(const std::string& text) const {
    if (print_) std::printf("%s\n", text.c_str());
  }
  uint64_t hash() const { return hash_; }
  uint64_t events() const { return events_; }
  bool prints() const { return print_; }

  // FNV-1a; for public bytes.
  static uint64_t HashOf(ByteView bytes) {
    uint64_t hash = 0xCBF29CE484222325U;
    for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001B3U;
    return hash;
  }

 private:
  void Mix(uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9FB21C651E98DF25U;
    hash_ ^= hash_ >> 29;
  }

  const std::string name_;
  const bool print_;
  uint64_t hash_ = 0x6C616272656373U;
  uint64_t events_ = 0;
};

}  // namespace labrec::sim
