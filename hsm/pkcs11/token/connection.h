#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/pkcs11/token/backoff.h"
#include "hsm/pkcs11/token/error.h"
#include "hsm/pkcs11/token/error_queue.h"
#include "hsm/pkcs11/token/loaded_realm.h"

namespace labrec::hsm::pkcs11 {

// The connection to one token: a bounded pool of sessions over a loaded realm, which it replaces when the
// token went away and came back. Any thread.
//
// After a handle error it rebuilds the loaded realm at once, and callers wait for that. After a device error
// it waits until nobody is inside the module, finalizes it, and initializes it again with growing pauses.
// Meanwhile callers get UNAVAILABLE at once, or what is wrong with the token that is there
// (FAILED_PRECONDITION, DATA_LOSS). After a refused PIN it never tries again: every call says
// PERMISSION_DENIED.
class Connection {
 public:
  // Opens the first loaded realm.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(TokenAddress address, KeyFinder find_keys);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();  // nobody is inside a call any more

  // What a call may use: a session of its own and the keys' handles.
  struct Work {
    const Session& session;
    const KeyHandles& keys;
  };

  // Runs `work` (Work -> absl::Status or absl::StatusOr<T>) in a session. After a handle error it runs once
  // more, in a new loaded realm: so `work` looks before it does what may not be done twice.
  template <typename F>
  auto Run(F&& work) -> std::invoke_result_t<F, const Work&> {
    const ErrorQueueGuard guard;
    auto lease = Borrow();
    if (!lease.ok()) return lease.status();
    auto result = RunIn(*std::move(lease), work);
    if (result.ok() || ClassOf(StatusOf(result)) != ErrorClass::kHandle) return result;
    lease = Borrow();
    if (!lease.ok()) return lease.status();
    return RunIn(*std::move(lease), work);
  }

  const DeviceDescription& description() const { return description_; }
  int parallelism() const { return address_.parallelism(); }

 private:
  struct Lease {
    LoadedRealm* realm;
    Session session;
  };
  enum class State { kUp, kRebuild, kAway, kRefused };

  Connection(TokenAddress address, KeyFinder find_keys, std::unique_ptr<Module> module)
      : address_(std::move(address)), find_keys_(std::move(find_keys)), module_(std::move(module)) {}

  static const absl::Status& StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
    return result.status();
  }

  template <typename F>
  auto RunIn(Lease lease, F& work) -> std::invoke_result_t<F, const Work&> {
    auto result = work(Work{lease.session, lease.realm->keys()});
    Return(std::move(lease), StatusOf(result));
    return result;
  }

  absl::StatusOr<Lease> Borrow();
  void Return(Lease lease, const absl::Status& outcome);
  absl::Status MakeUp(std::unique_lock<std::mutex>& lock);
  absl::Status Replace(std::unique_lock<std::mutex>& lock);
  void Fault(const absl::Status& error);

  const TokenAddress address_;
  const KeyFinder find_keys_;
  const std::unique_ptr<Module> module_;
  DeviceDescription description_;

  std::mutex mutex_;
  std::condition_variable changed_;  // a session came back, or the state changed
  State state_ = State::kRebuild;
  bool replacing_ = false;
  int lent_ = 0;
  Backoff backoff_;
  absl::Status last_error_;
  std::unique_ptr<LoadedRealm> realm_;
};

}  // namespace labrec::hsm::pkcs11
