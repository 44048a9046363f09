#include "tools/bench/load/closed_loop.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <poll.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::bench {
namespace {

namespace api = labyrinth::recovery::v1;
using SteadyClock = std::chrono::steady_clock;

const std::string kEvaluate = "/labyrinth.recovery.v1.Recovery/Evaluate";
const std::string kUnlock = "/labyrinth.recovery.v1.Recovery/Unlock";
constexpr int kPatienceMillis = 90'000;

double MillisecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

// One client.
class Loop {
 public:
  Loop(GrpcConnection& connection, test::RawAccount& account, SteadyClock::time_point until,
       LoadWatcher* watcher)
      : connection_(connection), account_(account), until_(until), watcher_(watcher) {}

  void Evaluate() {
    running_ = SteadyClock::now() < until_;
    if (!running_) return;
    evaluate_.set_record(test::kRawRecord);
    evaluate_.set_version(test::kRawVersion);
    evaluate_.clear_elements();
    evaluate_.add_elements(account_.NextElement());
    Call(kEvaluate, evaluate_, &Loop::OnEvaluated);
  }

  bool running() const { return running_; }
  const absl::Status& error() const { return error_; }

  uint64_t recoveries = 0;
  uint64_t guesses = 0;
  std::vector<double> evaluate_ms;
  std::vector<double> unlock_ms;

 private:
  void Call(const std::string& path, const google::protobuf::MessageLite& request,
            void (Loop::*answered)(const absl::StatusOr<std::string>&)) {
    started_ = SteadyClock::now();
    connection_.Call(
        path, account_.bearer(), request.SerializeAsString(),
        [this, answered](const absl::StatusOr<std::string>& message) { (this->*answered)(message); });
  }

  void OnEvaluated(const absl::StatusOr<std::string>& message) {
    if (!Read(message, evaluated_) || !evaluated_.has_evaluated()) return Fail("Evaluate", message.status());
    ++guesses;
    if (watcher_ != nullptr) {
      watcher_->OnEvaluated(MillisecondsSince(started_));
    } else {
      evaluate_ms.push_back(MillisecondsSince(started_));
    }
    unlock_.set_record(test::kRawRecord);
    unlock_.set_version(test::kRawVersion);
    unlock_.set_challenge(evaluated_.evaluated().challenge());
    unlock_.set_signature(account_.SignUnlock(unlock_.challenge()));
    Call(kUnlock, unlock_, &Loop::OnUnlocked);
  }

  void OnUnlocked(const absl::StatusOr<std::string>& message) {
    if (!Read(message, unlocked_) || !unlocked_.has_unlocked()) return Fail("Unlock", message.status());
    ++recoveries;
    if (watcher_ != nullptr) {
      watcher_->OnUnlocked();
    } else {
      unlock_ms.push_back(MillisecondsSince(started_));
    }
    Evaluate();
  }

  static bool Read(const absl::StatusOr<std::string>& message, google::protobuf::MessageLite& into) {
    return message.ok() && into.ParseFromString(*message);
  }

  void Fail(const char* call, const absl::Status& status) {
    running_ = false;
    error_ = absl::InternalError(absl::StrCat(
        call, ": ",
        status.ok() ? "an outcome that a fresh record does not have" : std::string(status.message())));
  }

  GrpcConnection& connection_;
  test::RawAccount& account_;
  const SteadyClock::time_point until_;
  LoadWatcher* const watcher_;
  bool running_ = false;
  absl::Status error_;
  SteadyClock::time_point started_;
  api::EvaluateRequest evaluate_;
  api::EvaluateResponse evaluated_;
  api::UnlockRequest unlock_;
  api::UnlockResponse unlocked_;
};

using Loops = std::vector<std::unique_ptr<Loop>>;
using Connections = std::vector<std::unique_ptr<GrpcConnection>>;

absl::StatusOr<bool> AnyRunning(const Loops& loops) {
  for (const auto& loop : loops) LABREC_RETURN_IF_ERROR(loop->error());
  return std::ranges::any_of(loops, [](const auto& loop) { return loop->running(); });
}

// Until a connection has an answer, or room for what waits.
absl::Status Wait(const Connections& connections, std::vector<pollfd>& polled) {
  polled.clear();
  for (const auto& connection : connections) {
    const auto writes = static_cast<short>(connection->has_more_to_write() ? POLLOUT : 0);
    polled.push_back({connection->fd(), static_cast<short>(POLLIN | writes), 0});
  }
  const int ready = poll(polled.data(), polled.size(), kPatienceMillis);
  if (ready > 0 || (ready < 0 && errno == EINTR)) return absl::OkStatus();
  return absl::DeadlineExceededError("the daemon did not answer within 90 seconds");
}

absl::Status Run(const Connections& connections, const Loops& loops) {
  std::vector<pollfd> polled;
  while (true) {
    for (const auto& connection : connections) LABREC_RETURN_IF_ERROR(connection->Flush());
    LABREC_ASSIGN_OR_RETURN(const bool running, AnyRunning(loops));
    if (!running) return absl::OkStatus();
    LABREC_RETURN_IF_ERROR(Wait(connections, polled));
    for (size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents != 0) LABREC_RETURN_IF_ERROR(connections[i]->Receive());
    }
  }
}

}  // namespace

double Percentile(std::vector<double>& values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<size_t>(p * last + 0.5)];
}

absl::StatusOr<LoadResult> RunClosedLoops(const std::vector<std::unique_ptr<GrpcConnection>>& connections,
                                          const std::vector<std::unique_ptr<test::RawAccount>>& accounts,
                                          std::chrono::milliseconds duration, LoadWatcher* watcher) {
  const SteadyClock::time_point start = SteadyClock::now();
  Loops loops;
  for (size_t i = 0; i < accounts.size(); ++i) {
    loops.push_back(std::make_unique<Loop>(*connections[i % connections.size()], *accounts[i],
                                           start + duration, watcher));
  }
  for (auto& loop : loops) loop->Evaluate();
  LABREC_RETURN_IF_ERROR(Run(connections, loops));

  LoadResult result;
  result.seconds = MillisecondsSince(start) / 1000;
  for (auto& loop : loops) {
    result.recoveries += loop->recoveries;
    result.guesses += loop->guesses;
    result.evaluate_ms.insert(result.evaluate_ms.end(), loop->evaluate_ms.begin(), loop->evaluate_ms.end());
    result.unlock_ms.insert(result.unlock_ms.end(), loop->unlock_ms.begin(), loop->unlock_ms.end());
  }
  return result;
}

}  // namespace labrec::bench
