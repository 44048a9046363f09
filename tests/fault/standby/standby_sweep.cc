#include "tests/fault/standby/standby_sweep.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tests/support/process/other_process.h"

namespace labrec::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kOwners = 8;
constexpr size_t kSharedRecords = 2;
constexpr size_t kClientsPerShared = 4;
constexpr int kCallsPerClient = 24;
constexpr std::chrono::seconds kPatience{30};

double Since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

// Calls one host until it does not answer, then the other one.
uint64_t CallEither(const TwoHosts& hosts, int first, const SweepRecord& record, SweepClient client) {
  const auto deadline = Clock::now() + kPatience;
  uint64_t answered = 0;
  for (int host = first; answered < kCallsPerClient && Clock::now() < deadline && !record.history.destroyed();
       host = 1 - host) {
    if (!hosts.Listens(host)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      continue;
    }
    const auto stub = hosts.NewStub(host);
    const uint64_t now = client.Run(*stub, kCallsPerClient - static_cast<int>(answered));
    answered += now;
    if (now == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return answered;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StandbySweep>> StandbySweep::Make(double slow) {
  std::unique_ptr<StandbySweep> sweep(new StandbySweep());
  sweep->slow_ = slow;
  LABREC_ASSIGN_OR_RETURN(sweep->hosts_, TwoHosts::Make({}));
  LABREC_RETURN_IF_ERROR(sweep->hosts_->Start(0, TwoHosts::Role::kServer));
  if (!sweep->hosts_->AwaitServing(kPatience, 0)) {
    return absl::UnavailableError(absl::StrCat("the first host does not serve: ", sweep->hosts_->Log(0)));
  }
  LABREC_RETURN_IF_ERROR(sweep->Populate());
  LABREC_RETURN_IF_ERROR(sweep->Restore());
  return sweep;
}

absl::StatusOr<std::unique_ptr<SweepRecord>> StandbySweep::NewRecord() {
  const std::string account = absl::StrCat("account-", ++accounts_);
  const auto stub = hosts_->NewStub(serves_);
  LABREC_ASSIGN_OR_RETURN(auto raw, RawAccount::Register(*stub, "chat", account, hosts_->Token(account)));
  return std::make_unique<SweepRecord>(std::move(raw));
}

absl::Status StandbySweep::Populate() {
  while (owned_.size() < kOwners) {
    LABREC_ASSIGN_OR_RETURN(auto record, NewRecord());
    owned_.push_back(std::move(record));
  }
  std::erase_if(shared_, [](const auto& record) { return record->history.destroyed(); });
  while (shared_.size() < kSharedRecords) {
    LABREC_ASSIGN_OR_RETURN(auto record, NewRecord());
    shared_.push_back(std::move(record));
  }
  return absl::OkStatus();
}

// While clients call.
absl::Status StandbySweep::Strike(Blow blow, StandbyReport& report) {
  const int struck = serves_;
  const bool host_lives = blow == Blow::kPrimary;
  const std::string logs[] = {hosts_->Log(0), hosts_->Log(1)};
  const auto start = Clock::now();
  if (blow == Blow::kHost || blow == Blow::kBoth) hosts_->daemon(struck).Kill();
  if (blow == Blow::kHang) hosts_->Hang(struck);
  if (blow == Blow::kPrimary || blow == Blow::kBoth) {
    LABREC_RETURN_IF_ERROR(hosts_->Failover());
    // A rewind asks for each file by itself: seconds, on a machine that is busy otherwise.
    const bool rewound = ++failovers_ % 4 == 0;
    LABREC_RETURN_IF_ERROR(
        hosts_->RejoinOld(rewound ? TwoHosts::Rejoin::kRewound : TwoHosts::Rejoin::kCopied));
  }
  const double servers = Since(start);
  const std::optional<int> next =
      hosts_->AwaitServing(kPatience, host_lives ? std::nullopt : std::optional<int>(1 - struck));
  if (blow == Blow::kHang) Thaw(hosts_->daemon(struck).pid());
  if (!next) {
    return absl::UnavailableError(absl::StrCat("nobody serves:\n", hosts_->Log(1 - struck),
                                               "\nthe other host:\n", hosts_->Log(struck)));
  }
  const double seconds = Since(start);
  report.seconds_to_serve[static_cast<int>(blow)].push_back(seconds);
  report.seconds_after_servers[static_cast<int>(blow)].push_back(seconds - servers);
  if (seconds > slow_) TellSlow(blow, seconds, servers, logs);
  return absl::OkStatus();
}

// `logs`: what they had said before the blow.
void StandbySweep::TellSlow(Blow blow, double seconds, double servers, const std::string (&logs)[2]) const {
  std::printf("blow %d: served again after %.2f s, PostgreSQL after %.2f s\n", static_cast<int>(blow),
              seconds, servers);
  for (int host = 0; host < 2; ++host) {
    std::printf("host %d:\n%s\n", host, hosts_->Log(host).substr(logs[host].size()).c_str());
  }
}

absl::Status StandbySweep::Settle(uint64_t seed, StandbyReport& report) {
  const auto deadline = Clock::now() + kPatience;
  // Who serves can write. A host that was superseded and takes its device for away shows for a second what
  // was (docs/ledger.md, "Answers without a batch").
  while (!NewRecord().ok() && Clock::now() < deadline) serves_ = 1 - serves_;
  for (auto* records : {&owned_, &shared_}) {
    for (const auto& record : *records) {
      while (!SettleHistory(*hosts_->NewStub(serves_), *record)) {
        if (Clock::now() > deadline) {
          return absl::UnavailableError(absl::StrCat("seed ", seed, ": nobody answers:\n", hosts_->Log(0),
                                                     "\nhost 1:\n", hosts_->Log(1)));
        }
        serves_ = 1 - serves_;
      }
      for (const std::string& violation : record->history.Violations()) {
        report.violations.push_back(absl::StrCat("seed ", seed, ": ", violation));
      }
    }
  }
  return absl::OkStatus();
}

// One host serves and the other one follows it, as systemd's Restart makes them.
absl::Status StandbySweep::Restore() {
  const int follows = 1 - serves_;
  if (!hosts_->Runs(follows)) LABREC_RETURN_IF_ERROR(hosts_->Start(follows, TwoHosts::Role::kStandby));
  if (hosts_->AwaitReady(follows)) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "no standby: ", hosts_->Admin(follows, {"standby", "status"}).out, "\n", hosts_->Log(follows)));
}

absl::Status StandbySweep::RunHistory(uint64_t seed, StandbyReport& report) {
  std::mt19937_64 random(seed);
  constexpr Blow kDrawn[] = {Blow::kHost, Blow::kHost, Blow::kPrimary, Blow::kPrimary,
                             Blow::kBoth, Blow::kBoth, Blow::kHang};
  const Blow blow = kDrawn[random() % std::size(kDrawn)];
  const int first = serves_;
  std::atomic<uint64_t> answered = 0;
  std::vector<std::thread> threads;
  const auto run = [&](SweepRecord& record, SweepClient::Habit habit, uint64_t client_seed) {
    threads.emplace_back([&, habit, client_seed] {
      answered += CallEither(*hosts_, first, record, SweepClient(record, habit, client_seed));
    });
  };
  for (size_t i = 0; i < owned_.size(); ++i) run(*owned_[i], SweepClient::Habit::kOwner, seed * 100 + i);
  for (size_t i = 0; i < shared_.size() * kClientsPerShared; ++i) {
    run(*shared_[i % shared_.size()], SweepClient::Habit::kHammer, seed * 100 + 50 + i);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(random() % 150));
  const absl::Status struck = Strike(blow, report);
  for (std::thread& thread : threads) thread.join();
  LABREC_RETURN_IF_ERROR(struck);
  report.calls += answered;
  ++report.blows[static_cast<int>(blow)];
  LABREC_RETURN_IF_ERROR(Settle(seed, report));
  if (serves_ != first) {
    ++report.takeovers;
    // Its next commit, or its next look at its claim, ended it: nobody has to.
    LABREC_RETURN_IF_ERROR(hosts_->daemon(first).Wait(kPatience).status());
  }
  ++report.histories;
  LABREC_RETURN_IF_ERROR(Restore());
  return Populate();
}

}  // namespace labrec::test
