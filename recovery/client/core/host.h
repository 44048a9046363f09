#pragma once

#include <cstdint>
#include <span>

namespace labrec::recovery::client::core {

// What an operation takes from its host at once, without a step. Same answers, same operation: tests and
// transcripts give values of their own. Called by whoever drives the operation.
class Host {
 public:
  virtual ~Host() = default;
  // Fills it with random bytes that nobody can guess: blinds, shares, nonces and pauses come from them.
  virtual void Random(std::span<uint8_t> to) = 0;
  // The wall clock, in Unix milliseconds: whether a certificate is valid.
  virtual int64_t UnixMillis() = 0;
};

}  // namespace labrec::recovery::client::core
