#include "tools/bench/bench_realm.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tests/support/net/http2_connection.h"
#include "tests/support/realm/realm_stub.h"
#include "tools/bench/load/process.h"

namespace labrec::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

}  // namespace

absl::StatusOr<std::unique_ptr<BenchRealm>> BenchRealm::Start(test::SimulatorKind kind, Latency latency,
                                                              Contents contents, Pages pages,
                                                              Storage storage) {
  const bool in_file = storage == Storage::kFile || storage == Storage::kSealedFile;
  if (contents.records > 0 && !in_file) {
    return absl::InvalidArgumentError("records are filled into a ledger in a file only");
  }
  std::unique_ptr<BenchRealm> realm(new BenchRealm());
  test::RealmFixture::Options options;
  if (pages == Pages::kServed) {
    options.web = true;
    absl::StrAppend(&options.limits, "connections = 20000\n");
  }
  if (contents.records > 0) {
    const uint64_t accounts = std::max(contents.records, contents.made_for);
    options.init_options = {"--accounts", std::to_string(accounts)};
  }
  options.lasting = std::move(contents.folder);
  options.transport = test::RealmFixture::Transport::kLoopbackTls;
  LABREC_RETURN_IF_ERROR(realm->StartServers(storage, options));
  LABREC_ASSIGN_OR_RETURN(realm->fixture_, test::RealmFixture::Make(kind, std::move(options)));
  if (contents.records > 0) {
    const std::filesystem::path state = realm->fixture_->state();
    LABREC_ASSIGN_OR_RETURN(realm->filled_,
                            FillLedger(state, state.parent_path() / "filled.json", contents.records));
  }
  if (latency == Latency::kHardware) {
    test::Swtpm* const swtpm = realm->fixture_->swtpm();
    if (swtpm == nullptr) return absl::InvalidArgumentError("hardware latencies are those of a TPM");
    LABREC_ASSIGN_OR_RETURN(realm->proxy_, test::TpmProxy::Start(swtpm->socket(), test::HardwareLatency));
    realm->fixture_->SetDeviceUri(absl::StrCat("tpm2:", realm->proxy_->tcti()));
  }
  const auto start = SteadyClock::now();
  LABREC_RETURN_IF_ERROR(realm->fixture_->StartDaemon());
  realm->start_seconds_ = SecondsSince(start);
  if (storage == Storage::kSealedFile) LABREC_RETURN_IF_ERROR(realm->RotatePeriodKey().status());
  return realm;
}

absl::StatusOr<double> BenchRealm::RotatePeriodKey() {
  const auto start = SteadyClock::now();
  LABREC_RETURN_IF_ERROR(fixture_->Admin({"store", "rotate", "--yes"}).status());
  return SecondsSince(start);
}

absl::Status BenchRealm::StartServers(Storage storage, test::RealmFixture::Options& options) {
  if (storage == Storage::kFile || storage == Storage::kSealedFile) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(primary_,
                          test::PostgresServer::Start("autovacuum = on\nshared_buffers = '128MB'\n"));
  options.init_options = {"--store", primary_->url()};
  options.more_configuration = absl::StrCat("[store]\nurl = \"", primary_->url(), "\"\n");
  if (storage == Storage::kPostgres) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(standby_, test::PostgresServer::StandbyOf(*primary_, "n2"));
  absl::StrAppend(&options.more_configuration, "replicas = 1\nstandby_names = [\"n2\"]\n");
  return primary_->Configure("synchronous_standby_names = 'ANY 1 (n2)'");
}

absl::StatusOr<uint64_t> BenchRealm::LogBytes() const {
  if (primary_ == nullptr) return 0;
  LABREC_ASSIGN_OR_RETURN(const std::string text,
                          primary_->Sql("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"));
  return std::stoull(text);
}

std::vector<std::unique_ptr<test::RawAccount::Stub>> BenchRealm::Connect(size_t connections) const {
  std::vector<std::unique_ptr<test::RawAccount::Stub>> stubs;
  stubs.reserve(connections);
  for (size_t i = 0; i < connections; ++i) stubs.push_back(test::NewStub(*fixture_));
  return stubs;
}

absl::StatusOr<std::vector<std::unique_ptr<GrpcConnection>>> BenchRealm::Open(size_t connections) const {
  const std::string& address = fixture_->address();
  const int port = std::stoi(address.substr(address.rfind(':') + 1));
  const test::TlsContext context = test::NewTlsContext();
  std::vector<std::unique_ptr<GrpcConnection>> opened;
  for (size_t i = 0; i < connections; ++i) {
    LABREC_ASSIGN_OR_RETURN(auto connection, GrpcConnection::Open(context.get(), port));
    opened.push_back(std::move(connection));
  }
  return opened;
}

absl::StatusOr<std::vector<std::unique_ptr<test::RawAccount>>> BenchRealm::Register(size_t count) {
  const auto stub = test::NewStub(*fixture_);
  std::vector<std::unique_ptr<test::RawAccount>> accounts;
  for (size_t i = 0; i < count; ++i) {
    const std::string name = absl::StrCat("registered-", registered_++);
    LABREC_ASSIGN_OR_RETURN(auto account,
                            test::RawAccount::Register(*stub, "chat", name, fixture_->Token(name)));
    accounts.push_back(std::move(account));
  }
  return accounts;
}

std::vector<WalkedRecord> BenchRealm::SampleFilled(size_t count) const {
  std::vector<WalkedRecord> sample;
  const uint64_t all = filled_.records;
  for (size_t i = 0; i < count && i < all; ++i) {
    const uint64_t number = (i * all / std::min<uint64_t>(count, all) + filled_.earlier_runs) % all;
    sample.push_back({absl::StrCat("Bearer ", fixture_->Token(FilledAccount(number)))});
  }
  return sample;
}

absl::StatusOr<DaemonCounts> BenchRealm::Counts() {
  LABREC_ASSIGN_OR_RETURN(const std::string text, fixture_->Admin({"status"}));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return absl::InternalError(absl::StrCat("labyrinth-admin status: ", text));
  return DaemonCounts{json.value("guesses_counted", uint64_t{0}), json.value("anchor_commits", uint64_t{0}),
                      json.value("epoch", uint64_t{0}), json.value("rows", uint64_t{0})};
}

double BenchRealm::CpuSeconds() {
  return CpuSecondsOf(fixture_->daemon().pid());
}

double BenchRealm::PeakMemoryMib() {
  return StatusMib("VmHWM:");
}

double BenchRealm::MemoryMib() {
  return StatusMib("VmRSS:");
}

double BenchRealm::StatusMib(const std::string& key) {
  std::ifstream status(absl::StrCat("/proc/", fixture_->daemon().pid(), "/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stod(line.substr(key.size())) / 1024;
  }
  return 0;
}

size_t BenchRealm::OpenFiles() {
  const std::filesystem::directory_iterator files(absl::StrCat("/proc/", fixture_->daemon().pid(), "/fd"));
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

}  // namespace labrec::bench
