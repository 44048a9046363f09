#include "tools/bench/closed_loop.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace labrec::bench {
namespace {

namespace api = labyrinth::recovery::v1;
using SteadyClock = std::chrono::steady_clock;

double MillisecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

// Counts loops that still run, and keeps the first error.
class Finish {
 public:
  explicit Finish(size_t loops) : running_(loops) {}
  void LoopEnded(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    if (first_error_.ok()) first_error_ = status;
    if (--running_ == 0) all_ended_.notify_all();
  }
  absl::Status Wait() {
    std::unique_lock lock(mutex_);
    all_ended_.wait(lock, [this] { return running_ == 0; });
    return first_error_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_ended_;
  size_t running_;
  absl::Status first_error_;
};

// One client: its calls follow each other, so its members need no lock.
class Loop {
 public:
  Loop(test::RawAccount::Stub& stub, test::RawAccount& account, SteadyClock::time_point until, Finish& finish)
      : stub_(stub), account_(account), until_(until), finish_(finish) {}

  void Evaluate() {
    if (SteadyClock::now() >= until_) return finish_.LoopEnded(absl::OkStatus());
    evaluate_.Clear();
    evaluate_.set_record(test::kRawRecord);
    evaluate_.set_version(test::kRawVersion);
    evaluate_.add_elements(account_.NextElement());
    Start();
    stub_.async()->Evaluate(&*context_, &evaluate_, &evaluated_, [this](grpc::Status s) { OnEvaluated(s); });
  }

  uint64_t recoveries = 0;
  std::vector<double> evaluate_ms;
  std::vector<double> unlock_ms;

 private:
  void Start() {
    context_.emplace();
    context_->AddMetadata("authorization", account_.bearer());
    context_->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    started_ = SteadyClock::now();
  }

  void OnEvaluated(const grpc::Status& status) {
    if (!status.ok() || !evaluated_.has_evaluated()) return Fail("Evaluate", status);
    evaluate_ms.push_back(MillisecondsSince(started_));
    unlock_.set_record(test::kRawRecord);
    unlock_.set_version(test::kRawVersion);
    unlock_.set_challenge(evaluated_.evaluated().challenge());
    unlock_.set_signature(account_.SignUnlock(unlock_.challenge()));
    Start();
    stub_.async()->Unlock(&*context_, &unlock_, &unlocked_, [this](grpc::Status s) { OnUnlocked(s); });
  }

  void OnUnlocked(const grpc::Status& status) {
    if (!status.ok() || !unlocked_.has_unlocked()) return Fail("Unlock", status);
    unlock_ms.push_back(MillisecondsSince(started_));
    ++recoveries;
    Evaluate();
  }

  void Fail(const char* call, const grpc::Status& status) {
    finish_.LoopEnded(absl::InternalError(absl::StrCat(
        call, ": ", status.ok() ? "an outcome that a fresh record does not have" : status.error_message())));
  }

  test::RawAccount::Stub& stub_;
  test::RawAccount& account_;
  SteadyClock::time_point until_;
  Finish& finish_;
  std::optional<grpc::ClientContext> context_;
  SteadyClock::time_point started_;
  api::EvaluateRequest evaluate_;
  api::EvaluateResponse evaluated_;
  api::UnlockRequest unlock_;
  api::UnlockResponse unlocked_;
};

}  // namespace

double Percentile(std::vector<double>& values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<size_t>(p * last + 0.5)];
}

absl::StatusOr<LoadResult> RunClosedLoops(const std::vector<std::unique_ptr<test::RawAccount::Stub>>& stubs,
                                          const std::vector<std::unique_ptr<test::RawAccount>>& accounts,
                                          std::chrono::milliseconds duration) {
  const SteadyClock::time_point start = SteadyClock::now();
  Finish finish(accounts.size());
  std::vector<std::unique_ptr<Loop>> loops;
  for (size_t i = 0; i < accounts.size(); ++i) {
    loops.push_back(std::make_unique<Loop>(*stubs[i % stubs.size()], *accounts[i], start + duration, finish));
  }
  for (auto& loop : loops) loop->Evaluate();
  if (absl::Status status = finish.Wait(); !status.ok()) return status;

  LoadResult result;
  result.seconds = MillisecondsSince(start) / 1000;
  for (auto& loop : loops) {
    result.recoveries += loop->recoveries;
    result.guesses += loop->evaluate_ms.size();
    result.evaluate_ms.insert(result.evaluate_ms.end(), loop->evaluate_ms.begin(), loop->evaluate_ms.end());
    result.unlock_ms.insert(result.unlock_ms.end(), loop->unlock_ms.begin(), loop->unlock_ms.end());
  }
  return result;
}

}  // namespace labrec::bench
