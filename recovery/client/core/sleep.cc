#include "recovery/client/core/sleep.h"

#include "recovery/client/core/wait.h"

namespace labrec::recovery::client::core {

Task<> Sleep(Scope& scope, int64_t ms) {
  Wait wait(scope, std::nullopt, scope.flow().After(ms));
  Reply reply = co_await wait;
  co_return std::move(reply.status);
}

}  // namespace labrec::recovery::client::core
