// connection_bench: what many open connections cost the daemon, and whether it gives it back.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tests/support/net/http2_connection.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_realm.h"
#include "tools/bench/load/closed_loop.h"
#include "tools/bench/load/process.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using test::Http2Connection;

constexpr std::chrono::seconds kGivesBackWithin{12};
constexpr char kMethod[] = "/labyrinth.recovery.v1.Recovery/GetRealm";

struct Options {
  size_t connections = 10000;
  size_t waves = 2;
  double seconds = 180;  // the whole run ends by then
  bool json = false;
};

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options),
        end_(SteadyClock::now() + std::chrono::milliseconds(static_cast<int64_t>(1000 * options.seconds))) {}
  absl::StatusOr<Json> Measure();

 private:
  absl::Status Open(size_t count);
  absl::Status CallOnEach();
  absl::Status CloseAll();
  absl::StatusOr<Json> Wave();
  absl::StatusOr<double> OneCallMs();
  absl::Status CheckTime() const {
    if (SteadyClock::now() < end_) return absl::OkStatus();
    return absl::DeadlineExceededError("not done within --seconds");
  }

  const Options options_;
  const SteadyClock::time_point end_;
  const test::TlsContext tls_ = test::NewTlsContext();
  std::unique_ptr<BenchRealm> realm_;
  int port_ = 0;
  size_t files_at_rest_ = 0;
  std::vector<Http2Connection> connections_;
  size_t refused_ = 0;   // connections that the daemon closed at once
  size_t answered_ = 0;  // calls; the daemon may have ended connections that were idle
};

absl::Status Run::Open(size_t count) {
  while (connections_.size() + refused_ < count) {
    LABREC_RETURN_IF_ERROR(CheckTime());
    absl::StatusOr<Http2Connection> connection = Http2Connection::Open(tls_.get(), port_);
    if (connection.ok()) {
      connections_.push_back(*std::move(connection));
    } else {
      ++refused_;
    }
  }
  return absl::OkStatus();
}

absl::Status Run::CallOnEach() {
  for (Http2Connection& connection : connections_) {
    LABREC_RETURN_IF_ERROR(CheckTime());
    if (connection.Call(kMethod).ok()) ++answered_;
  }
  return absl::OkStatus();
}

// Waits until the daemon has closed its ends too, and for a while for the memory that it gives back.
absl::Status Run::CloseAll() {
  const double used = realm_->MemoryMib();
  connections_.clear();
  while (realm_->OpenFiles() > files_at_rest_) {
    LABREC_RETURN_IF_ERROR(CheckTime());
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const auto patience = SteadyClock::now() + kGivesBackWithin;
  while (realm_->MemoryMib() > used / 2 && SteadyClock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return absl::OkStatus();
}

// The median of a hundred calls on one more connection.
absl::StatusOr<double> Run::OneCallMs() {
  LABREC_ASSIGN_OR_RETURN(Http2Connection connection, Http2Connection::Open(tls_.get(), port_));
  std::vector<double> milliseconds;
  for (int i = 0; i < 100; ++i) {
    const auto start = SteadyClock::now();
    LABREC_RETURN_IF_ERROR(connection.Call(kMethod));
    milliseconds.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count());
  }
  return Percentile(milliseconds, 0.5);
}

absl::StatusOr<Json> Run::Wave() {
  refused_ = answered_ = 0;
  const double before = realm_->MemoryMib();
  const auto start = SteadyClock::now();
  LABREC_RETURN_IF_ERROR(Open(options_.connections));
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
  const double open = realm_->MemoryMib();
  const size_t opened = connections_.size();
  const auto count = static_cast<double>(opened);
  LABREC_RETURN_IF_ERROR(CallOnEach());
  const double used = realm_->MemoryMib();
  LABREC_ASSIGN_OR_RETURN(const double call_ms, OneCallMs());
  const size_t files = realm_->OpenFiles();
  LABREC_RETURN_IF_ERROR(CloseAll());
  return Json{{"opened", opened},
              {"refused", refused_},
              {"answered", answered_},
              {"before_mib", Rounded(before)},
              {"open_mib", Rounded(open)},
              {"used_mib", Rounded(used)},
              {"closed_mib", Rounded(realm_->MemoryMib())},
              {"kib_per_connection", Rounded((open - before) * 1024 / count)},
              {"kib_per_used_connection", Rounded((used - before) * 1024 / count)},
              {"open_files", files},
              {"call_ms", Rounded(call_ms)},
              {"opened_per_s", Rounded(count / seconds)}};
}

absl::StatusOr<Json> Run::Measure() {
  if (const size_t files = RaiseFileLimit(); files < options_.connections + 100) {
    return absl::FailedPreconditionError(
        absl::StrCat("only ", files, " open files are allowed; raise it: ulimit -Hn"));
  }
  LABREC_ASSIGN_OR_RETURN(realm_, BenchRealm::Start(test::SimulatorKind::kSoftHsm, Latency::kSimulator));
  const std::string& address = realm_->fixture().address();
  if (!absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port_)) {
    return absl::InternalError(absl::StrCat("no port in ", address));
  }
  LABREC_ASSIGN_OR_RETURN(const double warm_up, OneCallMs());
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  files_at_rest_ = realm_->OpenFiles();
  LABREC_ASSIGN_OR_RETURN(const double alone_ms, OneCallMs());
  Json result{{"connections", options_.connections}, {"call_alone_ms", Rounded(std::min(warm_up, alone_ms))}};
  for (size_t wave = 1; wave <= options_.waves; ++wave) {
    LABREC_ASSIGN_OR_RETURN(Json figures, Wave());
    result[absl::StrCat("wave_", wave)] = std::move(figures);
  }
  return result;
}

}  // namespace
}  // namespace labrec::bench

int main(int argc, char** argv) {
  using namespace labrec::bench;
  Options options;
  CLI::App app(
      "Opens many TLS connections to a daemon on 127.0.0.1, makes one call on each, closes them, and does it "
      "again: what a connection costs the daemon in memory, and whether it comes back.");
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 60000));
  app.add_option("--waves", options.waves)->check(CLI::Range(1, 10));
  app.add_option("--seconds", options.seconds, "after which the run is given up")
      ->check(CLI::Range(1.0, 3600.0));
  app.add_flag("--json", options.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  return Print(Run(options).Measure(), options.json ? Format::kJson : Format::kTable);
}
