#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/support/process/child_process.h"
#include "tests/support/process/temporary_folder.h"
#include "tools/bench/bench_realm.h"

namespace labrec::bench {

// Whom a hammering process is to call, and how. The account's bearer token comes in the environment variable
// kHammerBearer, as others may read the arguments of a process.
struct HammerOrders {
  std::string address;  // "localhost:PORT"
  std::string ca;       // file with the certificate that it is checked against
  std::string element;  // that is evaluated again and again; hexadecimal
  size_t calls_at_a_time = 0;
};
inline constexpr char kHammerBearer[] = "LABREC_BENCH_BEARER";

struct HammerCounts {
  uint64_t answered = 0;
  uint64_t refused = 0;
  double cpu_seconds = 0;
};

// One account that keeps so many Evaluates of one element under way, whatever becomes of them, until SIGTERM.
// Such a guess is counted once only, but the device works for each. Says on standard output when the first
// one is answered, and at the end what became of all. The process's exit status; 2 for an address that is not
// on this machine. Call it before there are other threads.
int RunHammer(const HammerOrders& orders);

// That account in a process of its own, so that what its calls cost their sender does not slow down who
// measures: this very program, called as `PROGRAM hammer ...`.
class HammerProcess {
 public:
  HammerProcess(BenchRealm& realm, test::RawAccount& account, size_t calls_at_a_time);

  // Returns when it is hammering. UNAVAILABLE: it does not come to that.
  absl::Status Start();
  // Ends it; what was under way is waited for.
  absl::Status Stop();
  // Of all times that it ran.
  const HammerCounts& counts() const { return counts_; }

 private:
  std::string Log() const;

  test::TemporaryFolder folder_;
  test::ChildProcess::Options options_;
  std::unique_ptr<test::ChildProcess> process_;
  HammerCounts counts_;
};

}  // namespace labrec::bench
