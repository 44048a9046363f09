#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/store/postgres/postgres_store.h"
#include "tests/support/storage/postgres.h"

namespace labrec::recovery {

inline constexpr char kBoth[] = "synchronous_standby_names = 'ANY 1 (n1, n2)'\n";

// A batch whose head and only row say its number.
StoreBatch BatchOf(uint64_t number);

// A primary "n1" and a synchronous standby "n2". A promoted standby has the primary's settings.
class PostgresPairTest : public testing::Test {
 protected:
  // `settings` of the primary; no standby without `with_standby`.
  void Start(bool with_standby = true, const std::string& settings = kBoth);

  PostgresOptions Options(uint32_t replicas = 1) const;
  absl::StatusOr<std::unique_ptr<PostgresStore>> Open(uint32_t replicas = 1) const {
    return OpenPostgresStore(Options(replicas));
  }
  // A new one, in store_.
  void OpenStore(uint32_t replicas = 1);

  // The number of the head; 0 if there is none. The row has to be the head's.
  static uint64_t NumberIn(Store& store);

  // Runs in a thread; the returned value is ready when Write returns.
  std::future<absl::Status> WriteAside(uint64_t number) const;
  static bool Ready(const std::future<absl::Status>& future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  // The standby takes in nothing until Resume.
  void PauseStandby();
  void ResumeStandby();
  // Waits until a COMMIT waits for a standby.
  void AwaitWaitingCommit() const;
  // Waits until no session of the realm's is busy.
  void AwaitIdle() const;

  std::unique_ptr<test::PostgresServer> primary_;
  std::unique_ptr<test::PostgresServer> standby_;
  std::unique_ptr<PostgresStore> store_;
  pid_t receiver_ = 0;
};

}  // namespace labrec::recovery
