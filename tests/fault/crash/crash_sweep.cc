#include "tests/fault/crash/crash_sweep.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tests/support/process/other_process.h"
#include "tests/support/realm/realm_stub.h"

namespace labrec::test {
namespace {

constexpr size_t kOwners = 8;
constexpr size_t kSharedRecords = 2;
constexpr size_t kClientsPerShared = 4;
constexpr int kCallsPerClient = 24;
constexpr uint64_t kReplayEvery = 3;

std::vector<Ending> Endings(SimulatorKind kind, bool on_server) {
  if (on_server) return {Ending::kServer, Ending::kDaemon};
  if (kind == SimulatorKind::kSoftHsm) return {Ending::kDurableStep, Ending::kPowerLoss};
  return {Ending::kDurableStep, Ending::kPowerLoss, Ending::kTpmCommand, Ending::kTpmPower};
}

}  // namespace

absl::StatusOr<std::unique_ptr<CrashSweep>> CrashSweep::Make(SimulatorKind kind, SweepStorage storage) {
  std::unique_ptr<CrashSweep> sweep(new CrashSweep(kind));
  RealmFixture::Options options;
  if (storage == SweepStorage::kPostgres) {
    LABREC_ASSIGN_OR_RETURN(sweep->server_, PostgresServer::Start());
    options.init_options = {"--store", sweep->server_->url()};
    options.more_configuration = absl::StrCat("[store]\nurl = \"", sweep->server_->url(), "\"\n");
  }
  LABREC_ASSIGN_OR_RETURN(sweep->realm_, RealmFixture::Make(kind, options));
  if (kind == SimulatorKind::kSwtpm) {
    CrashSweep* self = sweep.get();
    LABREC_ASSIGN_OR_RETURN(sweep->proxy_,
                            TpmProxy::Start(sweep->realm_->swtpm()->socket(), [self](const auto&) {
                              const int64_t left = self->commands_to_live_.load();
                              if (left < 0) return TpmProxy::Fate::kForward;
                              if (left > 0) {
                                --self->commands_to_live_;
                                return TpmProxy::Fate::kForward;
                              }
                              self->commands_to_live_ = -1;
                              const bool lose_reply = self->lose_reply_;
                              KillFromAside(self->realm_->DaemonPid());
                              return lose_reply ? TpmProxy::Fate::kLoseReply : TpmProxy::Fate::kLoseCommand;
                            }));
    sweep->realm_->SetDeviceUri(absl::StrCat("tpm2:", sweep->proxy_->tcti()));
  }
  LABREC_RETURN_IF_ERROR(sweep->realm_->StartDaemon());
  LABREC_RETURN_IF_ERROR(sweep->Populate());
  return sweep;
}

CrashSweep::~CrashSweep() = default;

absl::StatusOr<std::unique_ptr<SweepRecord>> CrashSweep::NewRecord() {
  const std::string account = absl::StrCat("account-", ++accounts_);
  const auto stub = NewStub(*realm_);
  LABREC_ASSIGN_OR_RETURN(auto raw, RawAccount::Register(*stub, "chat", account, realm_->Token(account)));
  return std::make_unique<SweepRecord>(std::move(raw));
}

absl::Status CrashSweep::Populate() {
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

absl::Status CrashSweep::StartDoomed(Ending ending, std::mt19937_64& random) {
  std::map<std::string, std::string> environment;
  if (ending == Ending::kDurableStep || ending == Ending::kPowerLoss) {
    environment = {{"LD_PRELOAD", absl::StrCat(LABREC_TESTS_DIR, "/libcrash_shim.so")},
                   {"CRASH_FOLDER", realm_->state().string()},
                   {"CRASH_AT", std::to_string(1 + random() % 160)},
                   {"CRASH_WHEN", random() % 2 == 0 ? "before" : "after"}};
    if (ending == Ending::kPowerLoss) environment["CRASH_DROP"] = std::to_string(random() % 1'000'000);
  }
  if (ending == Ending::kTpmCommand) {
    commands_to_live_ = static_cast<int64_t>(random() % 300);
    lose_reply_ = random() % 2 == 0;
  }
  const absl::Status started = realm_->StartDaemon(environment);
  // A crash amid the start is one of the histories; an end for another reason shows when it starts unharmed.
  return started.ok() || !realm_->daemon().Running() ? absl::OkStatus() : started;
}

// While clients call.
absl::Status CrashSweep::EndMeanwhile(Ending ending, std::mt19937_64& random) {
  if (ending != Ending::kTpmPower && ending != Ending::kServer && ending != Ending::kDaemon) {
    return absl::OkStatus();
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(random() % 200));
  if (ending == Ending::kTpmPower) realm_->BreakDevice();
  if (ending == Ending::kDaemon) realm_->daemon().Kill();
  if (ending != Ending::kServer) return absl::OkStatus();
  server_->Kill();
  return server_->Launch();
}

absl::StatusOr<uint64_t> CrashSweep::RunClients(uint64_t seed, Ending ending, std::mt19937_64& random) {
  std::atomic<uint64_t> answered = 0;
  std::vector<std::thread> threads;
  const auto run = [&](SweepRecord& record, SweepClient::Habit habit, uint64_t client_seed) {
    threads.emplace_back([&, habit, client_seed] {
      const auto stub = NewStub(*realm_);
      answered += SweepClient(record, habit, client_seed).Run(*stub, kCallsPerClient);
    });
  };
  for (size_t i = 0; i < owned_.size(); ++i) run(*owned_[i], SweepClient::Habit::kOwner, seed * 100 + i);
  for (size_t i = 0; i < shared_.size() * kClientsPerShared; ++i) {
    run(*shared_[i % shared_.size()], SweepClient::Habit::kHammer, seed * 100 + 50 + i);
  }
  const absl::Status ended = EndMeanwhile(ending, random);
  for (std::thread& thread : threads) thread.join();
  LABREC_RETURN_IF_ERROR(ended);
  return answered;
}

absl::Status CrashSweep::Settle(uint64_t seed, SweepReport& report) {
  const auto stub = NewStub(*realm_);
  for (auto* records : {&owned_, &shared_}) {
    for (const auto& record : *records) {
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (!SettleHistory(*stub, *record)) {
        if (std::chrono::steady_clock::now() > deadline) {
          return absl::UnavailableError(
              absl::StrCat("seed ", seed, ": the realm does not answer again:\n", realm_->Log()));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
      for (const std::string& violation : record->history.Violations()) {
        report.violations.push_back(absl::StrCat("seed ", seed, ": ", violation));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CrashSweep::RunHistory(uint64_t seed, SweepReport& report) {
  std::mt19937_64 random(seed);
  const std::vector<Ending> endings = Endings(kind_, server_ != nullptr);
  const Ending ending = endings[random() % endings.size()];
  realm_->daemon().Kill();
  LABREC_RETURN_IF_ERROR(StartDoomed(ending, random));
  LABREC_ASSIGN_OR_RETURN(const uint64_t answered, RunClients(seed, ending, random));
  report.calls += answered;
  commands_to_live_ = -1;
  ++report.histories;
  if (ending == Ending::kTpmPower) {
    ++report.crashes;
    LABREC_RETURN_IF_ERROR(realm_->RepairDevice());
    if (random() % 2 == 0) return Settle(seed, report);  // the same daemon finds its TPM again
  } else if (ending == Ending::kServer) {
    ++report.crashes;
    if (realm_->daemon().Running() && random() % 2 == 0) {
      const absl::Status settled =
          Settle(seed, report);  // or its server, unless it finds out that it must end
      if (settled.ok() || realm_->daemon().Running()) return settled;
    }
  } else if (!realm_->daemon().Running()) {
    ++report.crashes;
  }
  realm_->daemon().Kill();
  if (absl::Status started = realm_->StartDaemon(); !started.ok()) {
    return absl::DataLossError(absl::StrCat("seed ", seed, ": after a crash ", started.message()));
  }
  LABREC_RETURN_IF_ERROR(Settle(seed, report));
  if (proxy_ != nullptr && seed % kReplayEvery == 0) LABREC_RETURN_IF_ERROR(Replay(random, report, seed));
  return Populate();
}

}  // namespace labrec::test
