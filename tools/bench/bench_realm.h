#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "tests/support/realm/raw_account.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/storage/postgres.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/filler.h"
#include "tools/bench/load/grpc_connection.h"
#include "tools/bench/load/record_walk.h"

namespace labrec::bench {

// What the daemon says it did since it started.
struct DaemonCounts {
  uint64_t guesses = 0;
  uint64_t anchors = 0;
  uint64_t epoch = 0;  // one for each anchor since the realm was made
  uint64_t rows = 0;
};

// What lies in the ledger when the daemon starts, and where.
struct Contents {
  uint64_t records = 0;          // filled accounts with one record each
  uint64_t made_for = 0;         // accounts that the realm is made for; 0: as many
  std::filesystem::path folder;  // that lasts, with what was filled into it before; empty: a temporary one
};

// Where the ledger is.
enum class Storage {
  kFile,
  kSealedFile,  // under a period key, as PostgreSQL's always is
  kPostgres,
  kPostgresWithStandby,
};

// A whole realm under measurement: simulator, daemon, gRPC over loopback with TLS 1.3.
class BenchRealm {
 public:
  enum class Pages { kNone, kServed };  // whether it has the endpoint for web pages too
  static absl::StatusOr<std::unique_ptr<BenchRealm>> Start(test::SimulatorKind kind, Latency latency,
                                                           Contents contents = {}, Pages pages = Pages::kNone,
                                                           Storage storage = Storage::kFile);

  test::RealmFixture& fixture() { return *fixture_; }
  std::vector<std::unique_ptr<test::RawAccount::Stub>> Connect(size_t connections) const;
  // The same for a load: see GrpcConnection.
  absl::StatusOr<std::vector<std::unique_ptr<GrpcConnection>>> Open(size_t connections) const;
  // New accounts, each with a registered record.
  absl::StatusOr<std::vector<std::unique_ptr<test::RawAccount>>> Register(size_t count);
  // `count` of the filled accounts' records, spread evenly over all of them; in a folder that lasts others
  // than in its last runs, as a record bears 20 guesses.
  std::vector<WalkedRecord> SampleFilled(size_t count) const;
  absl::StatusOr<DaemonCounts> Counts();

  // Bytes that PostgreSQL has written to its log since it was made; 0 for a file.
  absl::StatusOr<uint64_t> LogBytes() const;

  double fill_seconds() const { return filled_.seconds; }
  double start_seconds() const { return start_seconds_; }
  // Makes the next period key, seals everything under it, and destroys the one before. How long it took.
  absl::StatusOr<double> RotatePeriodKey();
  // The daemon's highest resident set so far, in MiB; 0 if /proc does not say.
  double PeakMemoryMib();
  // Its resident set now, in MiB, and the files and connections that it has open.
  double MemoryMib();
  size_t OpenFiles();
  // The processor time that the daemon has used, over all its threads.
  double CpuSeconds();

 private:
  BenchRealm() = default;
  absl::Status StartServers(Storage storage, test::RealmFixture::Options& options);
  double StatusMib(const std::string& key);

  std::unique_ptr<test::PostgresServer> primary_;
  std::unique_ptr<test::PostgresServer> standby_;
  std::unique_ptr<test::RealmFixture> fixture_;
  std::unique_ptr<test::TpmProxy> proxy_;
  Filled filled_;
  uint64_t registered_ = 0;
  double start_seconds_ = 0;
};

}  // namespace labrec::bench
