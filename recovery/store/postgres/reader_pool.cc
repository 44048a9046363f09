#include "recovery/store/postgres/reader_pool.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/postgres/reads.h"

namespace labrec::recovery::postgres {

absl::StatusOr<Result> ReaderPool::Read(const Work& work, std::chrono::milliseconds within) {
  constexpr std::chrono::milliseconds kFirst{5}, kSlowest{200};
  const auto deadline = std::chrono::steady_clock::now() + within;
  for (std::chrono::milliseconds pause = kFirst;; pause = std::min(2 * pause, kSlowest)) {
    const uint64_t now = generation();
    absl::StatusOr<Connection> connection = Take();
    absl::Status why = connection.status();
    if (connection.ok()) {
      absl::StatusOr<Result> result = work(*connection);
      const bool broke = connection->broken();
      GiveBack(*std::move(connection), now);
      if (result.ok() || (!broke && !absl::IsUnavailable(result.status()))) return result;
      why = result.status();
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return absl::InternalError(absl::StrCat("storage cannot be read: ", why.message()));
    }
    std::this_thread::sleep_for(pause);
  }
}

absl::StatusOr<Connection> ReaderPool::Open() {
  std::unique_lock lock(mutex_);
  const ServerPlace place = place_;
  const ServerIdentity identity = identity_;
  lock.unlock();
  LABREC_ASSIGN_OR_RETURN(Connection connection, Connection::Open(place, Session::kRead));
  LABREC_ASSIGN_OR_RETURN(const ServerIdentity found, connection.Identify());
  if (found != identity) {
    return absl::UnavailableError(absl::StrCat("PostgreSQL at ", place.name,
                                               " is not the server that is written: it has timeline ",
                                               found.timeline, ", not ", identity.timeline));
  }
  LABREC_RETURN_IF_ERROR(PrepareReads(connection));
  return connection;
}

// The place is taken before the connection is made, and given back where none can be.
absl::StatusOr<Connection> ReaderPool::Take() {
  {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return in_use_ < kMost; });
    ++in_use_;
    if (!idle_.empty()) {
      Connection connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  absl::StatusOr<Connection> connection = Open();
  if (connection.ok()) return connection;
  const std::lock_guard lock(mutex_);
  --in_use_;
  freed_.notify_one();
  return connection;
}

void ReaderPool::GiveBack(Connection connection, uint64_t generation) {
  const std::lock_guard lock(mutex_);
  --in_use_;
  freed_.notify_one();
  if (!connection.broken() && generation == generation_) {
    idle_.push_back(std::move(connection));
  } else if (connection.broken()) {
    idle_.clear();  // the others most likely broke with it
  }
}

void ReaderPool::Follow(ServerPlace place, ServerIdentity identity) {
  const std::lock_guard lock(mutex_);
  place_ = std::move(place);
  identity_ = identity;
  ++generation_;
  idle_.clear();
}

uint64_t ReaderPool::generation() {
  const std::lock_guard lock(mutex_);
  return generation_;
}

}  // namespace labrec::recovery::postgres
