#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/clock.h"
#include "recovery/client/tokens/bearer_token.h"
#include "recovery/client/tokens/token_command.h"

namespace labrec::recovery::client {

// Gets the token for one realm from wherever it is; may block, until it is cancelled.
using TokenFetch = std::function<absl::StatusOr<BearerToken>(const Cancelled&)>;

// The token that one realm is sent. Realms are thieves of tokens: what one can use at another it may use
// there, to spend a person's guesses. So nothing leaves this class but a token for this realm alone.
//
// It is fetched when it is needed first, and again when it has expired by the clock given or was refused by
// the realm. Any thread; while one fetches, the others wait for it.
class RealmToken {
 public:
  RealmToken(Bytes realm_id, TokenFetch fetch, const Clock& clock)
      : realm_id_(std::move(realm_id)), fetch_(std::move(fetch)), clock_(clock) {}

  // The token's text. The error of the fetch, or INVALID_ARGUMENT for a token that is not for this realm
  // alone.
  absl::StatusOr<std::string> Get(const Cancelled& cancelled);
  // The same where it needs no fetch, and at once; nothing while another thread fetches one.
  std::optional<std::string> Held();
  // The realm refused this text: fetches once more. Whether Get() now gives another text.
  bool Renew(const std::string& refused, const Cancelled& cancelled);

 private:
  absl::Status Fetch(const Cancelled& cancelled);
  bool Expired() const;

  const Bytes realm_id_;
  const TokenFetch fetch_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<BearerToken> token_;
  int64_t fetched_at_ms_ = 0;
};

}  // namespace labrec::recovery::client
