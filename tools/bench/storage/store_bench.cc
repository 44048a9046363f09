// store_bench: PostgreSQL over SQLite, batch by batch, without devices and network.

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/merkle.h"
#include "recovery/store/postgres/postgres_store.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/support/storage/postgres.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

using recovery::HeadRow;
using recovery::StoreBatch;

constexpr uint32_t kExponent = 16;
constexpr size_t kFillBatch = 2000;

struct Options {
  uint32_t records = 20'000;
  uint32_t row_bytes = 2000;
  uint32_t updates = 2048;    // of each size of batch and store
  double growth_seconds = 0;  // 0: until each row is written twice more
  bool tree = false;          // nothing but what a start reads
  bool json = false;
};

// A store with its server, where it has one.
struct Subject {
  std::string name;
  test::TemporaryFolder folder;
  std::unique_ptr<test::PostgresServer> primary;
  std::unique_ptr<test::PostgresServer> standby;
  std::unique_ptr<recovery::Store> store;
  uint64_t epoch = 0;
  Json batches = Json::object();
  uint64_t written = 0;  // rows
};

double Milliseconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
}

Digest KeyOf(uint32_t record) {
  return Sha256(Writer().U32(record).bytes());
}

uint32_t BucketOf(uint32_t record) {
  return record & ((1U << kExponent) - 1);
}

// Every record that shares the bucket is in its directory.
Bytes DirectoryOf(uint32_t bucket, uint32_t records) {
  const uint32_t rows = records / (1U << kExponent) + (bucket < records % (1U << kExponent) ? 1 : 0);
  return Bytes(size_t{64} * std::max(rows, 1U), static_cast<uint8_t>(bucket));
}

StoreBatch BatchOf(const std::set<uint32_t>& records, const Options& options, uint64_t epoch) {
  StoreBatch batch;
  batch.head = {epoch, KeyOf(static_cast<uint32_t>(epoch)), Bytes(16, 1), kExponent, options.records, 0, {}};
  batch.head.evidence = Bytes(32, static_cast<uint8_t>(epoch));
  std::set<uint32_t> buckets;
  for (const uint32_t record : records) {
    Bytes content(options.row_bytes, static_cast<uint8_t>(epoch));
    batch.rows.push_back({{BucketOf(record), KeyOf(record)}, std::move(content)});
    buckets.insert(BucketOf(record));
  }
  for (const uint32_t bucket : buckets) {
    batch.buckets.push_back(
        {bucket, KeyOf(static_cast<uint32_t>(epoch)), DirectoryOf(bucket, options.records)});
  }
  return batch;
}

absl::StatusOr<uint64_t> AskNumber(const Subject& subject, const std::string& sql) {
  if (subject.primary == nullptr) return 0;
  LABREC_ASSIGN_OR_RETURN(const std::string text, subject.primary->Sql(sql));
  uint64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) return absl::InternalError(absl::StrCat(sql, ": ", text));
  return number;
}

absl::StatusOr<uint64_t> WalBytes(const Subject& subject) {
  return AskNumber(subject, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint");
}

absl::StatusOr<uint64_t> TableBytes(const Subject& subject) {
  return AskNumber(subject,
                   "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c WHERE c.relname IN "
                   "('labrec_head', 'labrec_bucket', 'labrec_row')");
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {}
  absl::StatusOr<Json> Measure();

 private:
  absl::Status Open();
  absl::Status OpenServer(Subject& subject, uint32_t replicas);
  absl::Status Fill(Subject& subject);
  absl::Status Round(Subject& subject, size_t size, std::vector<double>& milliseconds);
  absl::Status Sizes();
  absl::Status Growth(Subject& subject, Json& result);
  absl::Status Trees(Subject& subject, Json& result);
  absl::Status Reopen(Subject& subject);

  const Options options_;
  std::mt19937 random_{4711};
  std::vector<std::unique_ptr<Subject>> subjects_;
};

absl::Status Bench::OpenServer(Subject& subject, uint32_t replicas) {
  LABREC_ASSIGN_OR_RETURN(subject.primary,
                          test::PostgresServer::Start("autovacuum = on\nshared_buffers = '128MB'\n"));
  recovery::PostgresOptions options;
  if (replicas > 0) {
    LABREC_ASSIGN_OR_RETURN(subject.standby, test::PostgresServer::StandbyOf(*subject.primary, "n2"));
    LABREC_RETURN_IF_ERROR(subject.primary->Configure("synchronous_standby_names = 'ANY 1 (n2)'"));
    options.standby_names = {"n2"};
  }
  options.url = subject.primary->url();
  options.open = recovery::PostgresOptions::Open::kCreateIfMissing;
  options.replicas = replicas;
  LABREC_ASSIGN_OR_RETURN(subject.store, recovery::OpenPostgresStore(options));
  return absl::OkStatus();
}

absl::Status Bench::Open() {
  for (const char* name : {"sqlite", "postgresql", "postgresql_standby"}) {
    if (options_.tree && subjects_.size() == 2) break;  // a standby changes nothing of reads
    subjects_.push_back(std::make_unique<Subject>());
    Subject& subject = *subjects_.back();
    subject.name = name;
    if (subjects_.size() == 1) {
      recovery::SqliteOptions options;
      options.open = recovery::SqliteOptions::Open::kCreateIfMissing;
      LABREC_ASSIGN_OR_RETURN(subject.store,
                              recovery::OpenSqliteStore(subject.folder.path() / "ledger.sqlite", options));
    } else {
      LABREC_RETURN_IF_ERROR(OpenServer(subject, subjects_.size() == 2 ? 0 : 1));
    }
    LABREC_RETURN_IF_ERROR(Fill(subject));
  }
  return absl::OkStatus();
}

absl::Status Bench::Fill(Subject& subject) {
  for (uint32_t first = 0; first < options_.records; first += kFillBatch) {
    std::set<uint32_t> records;
    for (uint32_t i = first; i < std::min<uint32_t>(first + kFillBatch, options_.records); ++i)
      records.insert(i);
    LABREC_RETURN_IF_ERROR(subject.store->Write(BatchOf(records, options_, ++subject.epoch)));
  }
  return absl::OkStatus();
}

absl::Status Bench::Round(Subject& subject, size_t size, std::vector<double>& milliseconds) {
  std::set<uint32_t> records;
  while (records.size() < size) records.insert(static_cast<uint32_t>(random_() % options_.records));
  const StoreBatch batch = BatchOf(records, options_, ++subject.epoch);
  const auto start = std::chrono::steady_clock::now();
  LABREC_RETURN_IF_ERROR(subject.store->Write(batch));
  milliseconds.push_back(Milliseconds(start));
  subject.written += size;
  return absl::OkStatus();
}

// The stores take turns, so that a machine that is busy otherwise disturbs all alike.
absl::Status Bench::Sizes() {
  for (const size_t size : {1, 16, 64, 512}) {
    std::vector<std::vector<double>> times(subjects_.size());
    const size_t rounds = std::max<size_t>(8, options_.updates / size);
    for (size_t round = 0; round < rounds; ++round) {
      for (size_t i = 0; i < subjects_.size(); ++i) {
        LABREC_RETURN_IF_ERROR(Round(*subjects_[i], size, times[i]));
      }
    }
    for (size_t i = 0; i < subjects_.size(); ++i) {
      subjects_[i]->batches[absl::StrCat(size)] = Percentiles(times[i]);
    }
  }
  return absl::OkStatus();
}

// How much the tables grow while each row is written anew again and again.
absl::Status Bench::Growth(Subject& subject, Json& result) {
  if (subject.primary == nullptr) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const uint64_t before, TableBytes(subject));
  LABREC_ASSIGN_OR_RETURN(const uint64_t wal, WalBytes(subject));
  const uint64_t written = subject.written;
  std::vector<double> times;
  const auto start = std::chrono::steady_clock::now();
  const auto goes_on = [&](uint32_t done) {
    if (options_.growth_seconds == 0) return done < 2 * options_.records;
    return Milliseconds(start) < options_.growth_seconds * 1000;
  };
  for (uint32_t done = 0; goes_on(done); done += 64) {
    LABREC_RETURN_IF_ERROR(Round(subject, 64, times));
  }
  result["growth_s"] = Rounded(Milliseconds(start) / 1000);
  LABREC_ASSIGN_OR_RETURN(const uint64_t after, TableBytes(subject));
  LABREC_ASSIGN_OR_RETURN(const uint64_t wal_after, WalBytes(subject));
  const auto rows = static_cast<double>(subject.written - written);
  result["updates"] = subject.written - written;
  result["table_mib_before"] = Rounded(static_cast<double>(before) / (1 << 20));
  result["table_mib_after"] = Rounded(static_cast<double>(after) / (1 << 20));
  result["table_bytes_a_record"] = Rounded(static_cast<double>(after) / options_.records);
  result["wal_bytes_a_row"] = Rounded(static_cast<double>(wal_after - wal) / rows);
  return absl::OkStatus();
}

// Nothing of the files is in memory any more: neither the engine's nor the system's.
absl::Status Bench::Reopen(Subject& subject) {
  subject.store.reset();
  if (subject.primary != nullptr) LABREC_RETURN_IF_ERROR(subject.primary->Stop(SIGINT));
  const std::filesystem::path data =
      subject.primary != nullptr ? subject.primary->data() : subject.folder.path();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data)) {
    if (!entry.is_regular_file()) continue;
    const int file = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    fdatasync(file);  // only what is on the disk can be let go
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  }
  if (subject.primary == nullptr) {
    LABREC_ASSIGN_OR_RETURN(subject.store,
                            recovery::OpenSqliteStore(subject.folder.path() / "ledger.sqlite"));
    return absl::OkStatus();
  }
  LABREC_RETURN_IF_ERROR(subject.primary->Launch());
  recovery::PostgresOptions options;
  options.url = subject.primary->url();
  LABREC_ASSIGN_OR_RETURN(subject.store, recovery::OpenPostgresStore(options));
  return absl::OkStatus();
}

// What a start and a takeover read of a ledger: every bucket's digest, and the tree over them.
absl::Status Bench::Trees(Subject& subject, Json& result) {
  LABREC_RETURN_IF_ERROR(Reopen(subject));
  std::vector<double> warm;
  constexpr int kReads = 6;
  for (int read = 0; read < kReads; ++read) {
    std::vector<Digest> leaves(size_t{1} << kExponent);
    const auto start = std::chrono::steady_clock::now();
    LABREC_RETURN_IF_ERROR(
        subject.store->ForEachBucketDigest([&leaves](uint32_t bucket, const Digest& digest) {
          leaves[bucket] = digest;
          return absl::OkStatus();
        }));
    const recovery::MerkleTree tree(kExponent, leaves);
    if (tree.root() == Digest{}) return absl::InternalError("a tree without a root");
    if (read == 0) result["first_tree_ms"] = Rounded(Milliseconds(start));
    if (read > 0) warm.push_back(Milliseconds(start));
  }
  result["tree_ms"] = Percentiles(warm);
  return absl::OkStatus();
}

absl::StatusOr<Json> Bench::Measure() {
  LABREC_RETURN_IF_ERROR(Open());
  if (!options_.tree) LABREC_RETURN_IF_ERROR(Sizes());
  Json result = {{"records", options_.records}, {"row_bytes", options_.row_bytes}};
  for (const auto& subject : subjects_) {
    Json figures = Json::object();
    if (!options_.tree) {
      figures["batch_ms"] = subject->batches;
      LABREC_RETURN_IF_ERROR(Growth(*subject, figures));
    } else if (subject->standby == nullptr) {
      LABREC_RETURN_IF_ERROR(Trees(*subject, figures));
    }
    result[subject->name] = figures;
  }
  return result;
}

}  // namespace
}  // namespace labrec::bench

int main(int argc, char** argv) {
  using namespace labrec::bench;
  Options options;
  CLI::App app(
      "Measures batches of updates on SQLite, on PostgreSQL and on PostgreSQL with a synchronous standby, in "
      "turns; then how the tables and the log of PostgreSQL grow while every row is written twice more.");
  app.add_option("--records", options.records)->check(CLI::Range(1000, 5'000'000));
  app.add_option("--row-bytes", options.row_bytes)->check(CLI::Range(100, 8000));
  app.add_option("--updates", options.updates, "of each size of batch")->check(CLI::Range(64, 10'000'000));
  app.add_option("--growth-seconds", options.growth_seconds, "write for so long, and not every row twice")
      ->check(CLI::Range(0.0, 86'400.0));
  app.add_flag("--tree", options.tree,
               "nothing but what a start reads: all digests, from a disk that nothing is kept of in memory");
  app.add_flag("--json", options.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  return Print(Bench(options).Measure(), options.json ? Format::kJson : Format::kTable);
}
