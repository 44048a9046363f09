#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"

namespace labrec::recovery::client::core {

// What an operation asks of its host, and what the host answers. Times are milliseconds of any clock that
// only goes forward; realms are positions in the operation's list.

// Names one step of one operation. 0 names none.
using StepId = uint32_t;

// Arithmetic that takes 0.1 s and more. Run() may be called on any thread, once, also after the operation is
// gone: a job borrows nothing.
class Job {
 public:
  virtual ~Job() = default;
  virtual void Run() = 0;
};

// POST `body` to the method at this realm, with "authorization: Bearer TOKEN" unless `token` is empty.
struct CallStep {
  size_t realm = 0;
  std::string_view method;  // "Evaluate"; static
  Bytes body;               // the message, in protobuf's encoding
  std::string token;
  int64_t deadline_ms = 0;  // the core takes no answer after it
  int attempt = 0;          // 0: the first
};
// The bearer token for this realm alone, as the reply's body. `refused` is one that the realm did not take.
struct TokenStep {
  size_t realm = 0;
  std::string refused;
};
// This device's signature over `message`, r || s, as the reply's body. A key store may ask its user first.
struct SignStep {
  size_t realm = 0;
  std::array<uint8_t, 16> device_id{};
  Bytes message;
};
// Run the job, then answer OK.
struct WorkStep {
  std::shared_ptr<Job> job;
};
// What the host is to do and to answer.
using Order = std::variant<CallStep, TokenStep, SignStep, WorkStep>;

// The step of this id is not needed any more. An answer to it changes nothing.
struct CancelStep {};
// Nothing is to be done before this time or the next answer; no time: only an answer helps.
struct PauseStep {
  std::optional<int64_t> until_ms;
};
struct DoneStep {};

struct Step {
  StepId id = 0;  // of orders and cancels
  std::variant<CallStep, TokenStep, SignStep, WorkStep, CancelStep, PauseStep, DoneStep> what;
};

// The answer to an order. Everything in it that comes from a realm is that realm's claim.
struct Reply {
  absl::Status status;
  Bytes body;                             // where OK
  std::optional<int64_t> retry_after_ms;  // what the realm said of when to come back
  std::optional<Digest> tls_key_hash;     // SHA-256 of the SPKI that the realm showed, where the host sees it
};

}  // namespace labrec::recovery::client::core
