#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "recovery/client/core/flow.h"

namespace labrec::recovery::client::core {

class Wait;

// Part of an operation that can be ended as one, or that has a time limit. Every wait is in a scope. Scopes
// nest: what ends one ends those within. Outlives its waits and the scopes within.
class Scope {
 public:
  explicit Scope(Flow& flow) : flow_(flow) {}
  // `until_ms`: waits that last so long end with DEADLINE_EXCEEDED then, and later ones at once.
  explicit Scope(Scope* around, std::optional<int64_t> until_ms = std::nullopt);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // Ends every wait in it with CANCELLED, now and later. The coroutines go on from there, to their end.
  void Cancel();
  bool cancelled() const { return cancelled_; }
  // The sooner of its own limit and those of the scopes around it.
  std::optional<int64_t> until_ms() const { return until_ms_; }
  Flow& flow() const { return flow_; }

 private:
  friend class Wait;

  Flow& flow_;
  Scope* around_ = nullptr;
  bool cancelled_ = false;
  std::optional<int64_t> until_ms_;
  std::vector<Scope*> within_;  // both in the order in which they came: addresses must not decide anything
  std::vector<Wait*> waits_;
};

// The sooner of two times; no time is never.
std::optional<int64_t> Sooner(std::optional<int64_t> a, std::optional<int64_t> b);

}  // namespace labrec::recovery::client::core
