#include "hsm/pkcs11/token/connection.h"

#include <chrono>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::hsm::pkcs11 {
namespace {

// How long a call waits for a session, or for others to leave a loaded realm that is to be rebuilt.
constexpr std::chrono::seconds kPatience(10);

// The answer between two attempts: what the last one found. If the token was not there it is something to try
// again later.
absl::Status Away(const absl::Status& last_error) {
  if (!absl::IsUnavailable(last_error)) return last_error;
  return absl::UnavailableError(
      absl::StrCat("the token is away; try again later (", last_error.message(), ")"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(TokenAddress address, KeyFinder find_keys) {
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Module> module,
                          Module::Load(address.module_path(), address.init_args()));
  std::unique_ptr<Connection> connection(
      new Connection(std::move(address), std::move(find_keys), std::move(module)));
  std::unique_lock lock(connection->mutex_);
  LABREC_RETURN_IF_ERROR(connection->Replace(lock));
  connection->description_ = Describe(connection->realm_->api(), connection->realm_->token());
  lock.unlock();
  return connection;
}

Connection::~Connection() {
  const ErrorQueueGuard guard;
  realm_.reset();
}

absl::StatusOr<Connection::Lease> Connection::Borrow() {
  std::unique_lock lock(mutex_);
  LABREC_RETURN_IF_ERROR(MakeUp(lock));
  auto session = realm_->TakeSession();
  if (!session.ok()) {
    Fault(session.status());
    return session.status();
  }
  ++lent_;
  return Lease{realm_.get(), *std::move(session)};
}

void Connection::Return(Lease lease, const absl::Status& outcome) {
  const std::lock_guard lock(mutex_);
  --lent_;
  // The loaded realm stays while somebody holds a session, so it still is the one that the session came from.
  lease.realm->GiveBack(std::move(lease.session));
  Fault(outcome);
  changed_.notify_all();
}

// Waits until there is a good loaded realm with a free session, replacing the old one if need be.
absl::Status Connection::MakeUp(std::unique_lock<std::mutex>& lock) {
  const auto deadline = Backoff::Clock::now() + kPatience;
  while (state_ != State::kUp || lent_ >= parallelism() + 1) {
    if (state_ == State::kRefused) return last_error_;
    const bool due = state_ == State::kRebuild || backoff_.Due(Backoff::Clock::now());
    if (state_ != State::kUp && due && !replacing_ && lent_ == 0) {
      LABREC_RETURN_IF_ERROR(Replace(lock));
      continue;
    }
    if (state_ == State::kAway) return Away(last_error_);
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
      return absl::UnavailableError("no session of the token became free in time; try again later");
    }
  }
  return absl::OkStatus();
}

// Ends the old loaded realm and begins a new one, with the lock released meanwhile. Nobody holds a session.
absl::Status Connection::Replace(std::unique_lock<std::mutex>& lock) {
  replacing_ = true;
  std::unique_ptr<LoadedRealm> old = std::move(realm_);
  lock.unlock();
  old.reset();
  auto begun = LoadedRealm::Begin(*module_, address_, find_keys_);
  lock.lock();
  replacing_ = false;
  absl::Status outcome = begun.status();
  if (outcome.ok()) {
    realm_ = *std::move(begun);
    backoff_.Succeeded();
    state_ = State::kUp;
  } else {
    last_error_ = outcome;
    backoff_.Failed(Backoff::Clock::now());
    state_ = ClassOf(last_error_) == ErrorClass::kPin ? State::kRefused : State::kAway;
  }
  changed_.notify_all();
  return outcome;
}

void Connection::Fault(const absl::Status& error) {
  if (state_ != State::kUp && state_ != State::kRebuild) return;
  switch (ClassOf(error)) {
    case ErrorClass::kHandle:
      state_ = State::kRebuild;
      break;
    case ErrorClass::kDevice:
      last_error_ = error;
      state_ = State::kAway;
      break;
    case ErrorClass::kNone:
    case ErrorClass::kPin:
    case ErrorClass::kOther:
      break;
  }
}

}  // namespace labrec::hsm::pkcs11
