#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/server/tokens/https_get.h"
#include "recovery/server/tokens/key_source.h"

namespace labrec::recovery {

// When keys are fetched, and for how long they are good.
struct FetchTimes {
  std::chrono::milliseconds refresh = std::chrono::minutes(5);       // after a fetch that worked
  std::chrono::milliseconds retry = std::chrono::seconds(30);        // after one that failed
  std::chrono::milliseconds for_miss = std::chrono::seconds(10);     // a miss is looked up no sooner
  std::chrono::milliseconds longest_stale = std::chrono::hours(24);  // after the last that worked
};

// A tenant's key set at an address, fetched by a thread of its own and kept in memory. No call waits for a
// fetch. While the address is away the keys fetched last are good until `longest_stale`; then, and before the
// first fetch, there are none. What an answer does not hold any more is good no more. Threads: any.
class JwksUrl : public KeySource {
 public:
  // INVALID_ARGUMENT: no "https://" address, or one with a name and password; the file of authorities is not
  // there. Nothing is fetched before Begin.
  static absl::StatusOr<std::unique_ptr<JwksUrl>> Make(HttpsRequest request, FetchTimes times = {});
  // Breaks off a fetch that is under way.
  ~JwksUrl() override;
  JwksUrl(const JwksUrl&) = delete;
  JwksUrl& operator=(const JwksUrl&) = delete;

  // Starts the thread. Once.
  void Begin();
  absl::StatusOr<Keys> Current() override;
  void Miss() override;
  void Refresh() override;
  KeyReport report() const override;

 private:
  using Time = std::chrono::steady_clock::time_point;

  JwksUrl(HttpsRequest request, FetchTimes times) : request_(std::move(request)), times_(times) {}
  void Run();
  void Fetch();
  void Note(const absl::StatusOr<Jwks>& fetched);

  const HttpsRequest request_;
  const FetchTimes times_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Keys keys_;
  Time fetched_;  // when keys_ were
  Time tried_;    // when the latest fetch ended
  int64_t read_at_ms_ = 0;
  std::string problem_ = "nothing was fetched yet";
  bool wanted_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace labrec::recovery
