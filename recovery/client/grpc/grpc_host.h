#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "recovery/client/base/realm_set.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/host.h"
#include "recovery/client/core/running.h"
#include "recovery/client/core/step.h"

namespace labrec::recovery::client {

// The host of one operation of the core: the caller's thread is its loop, gRPC carries the calls. Jobs run in
// that thread; a token that has to be fetched is, in a thread of its own, as that may take long. For one
// thread.
class GrpcHost final : public core::Host {
 public:
  // Borrows the set, which others may use meanwhile.
  explicit GrpcHost(const RealmSet& realms);
  // Cancels what is still under way, and waits for gRPC to let go of it.
  ~GrpcHost() override;
  GrpcHost(const GrpcHost&) = delete;
  GrpcHost& operator=(const GrpcHost&) = delete;

  core::Account& account() { return account_; }
  // Drives an operation to its end. `next` and `answer` are its own.
  void Drive(const std::function<core::Step(int64_t)>& next,
             const std::function<void(core::StepId, core::Reply)>& answer);

  void Random(std::span<uint8_t> to) override;
  int64_t UnixMillis() override;

 private:
  class Loop;      // gRPC's queue, and what comes out of it
  class Errand;    // an order under way
  class GrpcCall;  // by a call
  class Fetch;     // by fetching a token

  int64_t NowMs() const;
  std::optional<core::Reply> Take(core::Step& step);
  void Wait(std::optional<int64_t> until_ms, const std::function<void(core::StepId, core::Reply)>& answer);

  const RealmSet& realms_;
  core::Account account_;
  const std::chrono::steady_clock::time_point start_;
  std::unique_ptr<Loop> loop_;
};

// Runs `make(scope, account)`, a task of the core, to its end over gRPC. Blocks; any thread.
template <typename T, typename Make>
typename core::Task<T>::Result RunOverGrpc(const RealmSet& realms, const Make& make) {
  GrpcHost host(realms);
  core::Running<T> running([&](core::Scope& scope) { return make(scope, host.account()); });
  host.Drive([&](int64_t now_ms) { return running.Next(now_ms); },
             [&](core::StepId id, core::Reply reply) { running.Answer(id, std::move(reply)); });
  return running.Take();
}

}  // namespace labrec::recovery::client
