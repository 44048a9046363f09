#include "recovery/store/postgres/batch_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery::postgres {
namespace {

struct Statement {
  const char* name;
  const char* sql;
};
// A head that is not the one a batch builds on divides by zero, and the server skips the COMMIT behind it.
constexpr Statement kStatements[] = {
    {"begin", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"},
    {"commit", "COMMIT"},
    {"rollback", "ROLLBACK"},
    // A word that changes nothing. What a role may not see of the standbys is NULL.
    {"sign",
     "SELECT count(DISTINCT application_name)::int, coalesce(max(greatest(pg_wal_lsn_diff("
     "pg_current_wal_flush_lsn(), flush_lsn), 0)), 0)::bigint, (coalesce(extract(epoch FROM max(flush_lag)), "
     "0) * 1000000)::bigint FROM pg_stat_replication WHERE application_name = ANY($1::text[]) AND "
     "coalesce(flush_lsn <= sent_lsn, true)"},
    {"first_head",
     "INSERT INTO labrec_head (id, format, epoch, root, realm_id, bucket_exponent, records, discontinuities, "
     "evidence) VALUES (0, 1, $1::bigint, $2::bytea, $3::bytea, $4::int, $5::bigint, $6::bigint, $7::bytea)"},
    {"next_head",
     "WITH put AS (UPDATE labrec_head SET epoch = $1::bigint, root = $2::bytea, realm_id = $3::bytea, "
     "bucket_exponent = $4::int, records = $5::bigint, discontinuities = $6::bigint, evidence = $7::bytea "
     "WHERE id = 0 AND epoch = $8::bigint AND evidence = $9::bytea RETURNING 1) SELECT 1 / count(*) FROM "
     "put"},
    {"touch",
     "WITH put AS (UPDATE labrec_head SET format = format WHERE id = 0 AND epoch = $1::bigint AND evidence = "
     "$2::bytea RETURNING 1) SELECT 1 / count(*) FROM put"},
    {"put_rows",
     "INSERT INTO labrec_row (bucket, key, content) SELECT * FROM unnest($1::int[], $2::bytea[], "
     "$3::bytea[]) "
     "ON CONFLICT (bucket, key) DO UPDATE SET content = EXCLUDED.content"},
    {"drop_rows",
     "DELETE FROM labrec_row r USING unnest($1::int[], $2::bytea[]) AS u(bucket, key) "
     "WHERE r.bucket = u.bucket AND r.key = u.key"},
    {"put_buckets",
     "INSERT INTO labrec_bucket (bucket, digest, directory) SELECT * FROM "
     "unnest($1::int[], $2::bytea[], $3::bytea[]) "
     "ON CONFLICT (bucket) DO UPDATE SET digest = EXCLUDED.digest, directory = EXCLUDED.directory"},
    {"drop_buckets",
     "DELETE FROM labrec_bucket b USING unnest($1::int[]) AS u(bucket) WHERE b.bucket = u.bucket"},
    // What was committed lies before the place to which the server has flushed its log. On how many disks of
    // standbys it is, they say; that COMMIT returned does not: an operator can end its wait, or change for
    // whom it waits, and then it returns as if nothing were. Nor does what a standby has flushed say it
    // alone: an old primary that follows its successor without being rewound has flushed a log of its own,
    // beyond the place where they parted. PostgreSQL 15 lets a COMMIT go for it. But that log was never sent
    // to it.
    {"flushed",
     "WITH flushed AS MATERIALIZED (SELECT pg_current_wal_flush_lsn() AS place) SELECT place, (SELECT "
     "count(DISTINCT application_name) FROM pg_stat_replication WHERE application_name = ANY($1::text[]) AND "
     "sent_lsn >= place AND flush_lsn >= place) FROM flushed"},
    {"reached",
     "SELECT $2::pg_lsn, count(DISTINCT application_name) FROM pg_stat_replication WHERE application_name = "
     "ANY($1::text[]) AND sent_lsn >= $2::pg_lsn AND flush_lsn >= $2::pg_lsn"}};
constexpr char kHeadDiffers[] = "22012";  // division by zero
constexpr char kHeadExists[] = "23505";   // a second head

Parameters HeadParameters(const HeadRow& head) {
  Parameters parameters;
  parameters.Int8(head.epoch).Bytea(head.root).Bytea(head.realm_id).Int4(head.bucket_exponent);
  return std::move(parameters.Int8(head.records).Int8(head.discontinuities).Bytea(head.evidence));
}

void AddHead(Pipeline& pipeline, const HeadRow& head, const std::optional<BatchWriter::Version>& old) {
  Parameters parameters = HeadParameters(head);
  if (!old) {
    pipeline.Add("first_head", std::move(parameters));
  } else {
    pipeline.Add("next_head", std::move(parameters.Int8(old->epoch).Bytea(old->evidence)));
  }
}

// Returns how many statements were added.
size_t AddRows(Pipeline& pipeline, const std::vector<RowWrite>& rows) {
  std::vector<uint32_t> put_in, drop_from;
  std::vector<ByteView> put_keys, contents, drop_keys;
  for (const RowWrite& row : rows) {
    (row.content ? put_in : drop_from).push_back(row.address.bucket);
    (row.content ? put_keys : drop_keys).emplace_back(row.address.key);
    if (row.content) contents.emplace_back(*row.content);
  }
  if (!put_in.empty()) {
    pipeline.Add("put_rows", std::move(Parameters().Int4s(put_in).Byteas(put_keys).Byteas(contents)));
  }
  if (!drop_from.empty()) {
    pipeline.Add("drop_rows", std::move(Parameters().Int4s(drop_from).Byteas(drop_keys)));
  }
  return (put_in.empty() ? 0U : 1U) + (drop_from.empty() ? 0U : 1U);
}

size_t AddBuckets(Pipeline& pipeline, const std::vector<BucketWrite>& buckets) {
  std::vector<uint32_t> put, drop;
  std::vector<ByteView> digests, directories;
  for (const BucketWrite& bucket : buckets) {
    const bool goes = bucket.directory.empty();
    (goes ? drop : put).push_back(bucket.bucket);
    if (goes) continue;
    digests.emplace_back(bucket.digest);
    directories.emplace_back(bucket.directory);
  }
  if (!put.empty()) {
    pipeline.Add("put_buckets", std::move(Parameters().Int4s(put).Byteas(digests).Byteas(directories)));
  }
  if (!drop.empty()) pipeline.Add("drop_buckets", std::move(Parameters().Int4s(drop)));
  return (put.empty() ? 0U : 1U) + (drop.empty() ? 0U : 1U);
}

absl::Status Uncertain(const std::string& why) {
  return absl::InternalError(
      absl::StrCat("it is not known whether the batch reached PostgreSQL (", why, "): the process must end"));
}

// Ends the account of a wait when a function is left.
class Waiting {
 public:
  Waiting(Patience& patience, std::string what) : patience_(patience) { patience_.Begin(std::move(what)); }
  ~Waiting() { patience_.End(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Patience& patience_;
};

}  // namespace

absl::Status BatchWriter::Prepare() {
  for (const Statement& statement : kStatements) {
    LABREC_RETURN_IF_ERROR(connection_.Prepare(statement.name, statement.sql));
  }
  return absl::OkStatus();
}

absl::Status BatchWriter::Write(const StoreBatch& batch, const std::optional<Version>& old) {
  Pipeline pipeline(connection_, patience_);
  pipeline.Add("begin");
  AddHead(pipeline, batch.head, old);
  size_t steps = 2;
  steps += AddRows(pipeline, batch.rows);
  steps += AddBuckets(pipeline, batch.buckets);
  return Commit(pipeline, steps);
}

absl::Status BatchWriter::Touch(const Version& present) {
  Pipeline pipeline(connection_, patience_);
  pipeline.Add("begin").Add("touch", std::move(Parameters().Int8(present.epoch).Bytea(present.evidence)));
  return Commit(pipeline, 2);
}

void BatchWriter::GiveSign() {
  const Waiting waiting(patience_, "PostgreSQL to answer");
  const std::vector<Result> results =
      Pipeline(connection_, patience_).Add("sign", std::move(Parameters().Texts(replicas_.names))).Run();
  const bool heard = !results.empty() && results[0].ok();
  const std::lock_guard lock(figures_mutex_);
  figures_.connected = heard;
  if (!heard) return;
  constexpr double kMicrosecond = 1e-6;
  figures_.standbys = results[0].Int4(0, 0);
  figures_.lag_bytes = results[0].Int8(0, 1);
  figures_.flush_seconds = static_cast<double>(results[0].Int8(0, 2)) * kMicrosecond;
}

void BatchWriter::NoteLost() {
  const std::lock_guard lock(figures_mutex_);
  figures_.connected = false;
}

StorageFigures BatchWriter::figures() const {
  const std::lock_guard lock(figures_mutex_);
  return figures_;
}

// `steps` come before the COMMIT.
absl::Status BatchWriter::Commit(Pipeline& pipeline, size_t steps) {
  const Waiting waiting(patience_,
                        replicas_.wanted == 0
                            ? "PostgreSQL to commit"
                            : absl::StrCat("a replica: PostgreSQL commits when ", replicas_.wanted, " of ",
                                           absl::StrJoin(replicas_.names, ", "), " has it"));
  const auto begun = std::chrono::steady_clock::now();
  pipeline.Add("commit");
  if (replicas_.wanted > 0) pipeline.Add("flushed", std::move(Parameters().Texts(replicas_.names)));
  const std::vector<Result> results = pipeline.Run();
  for (size_t step = 0; step < std::min(steps, results.size()); ++step) {
    if (results[step].ok()) continue;
    if (results[step].IsStatementError()) return Refused(results[step]);
    return Uncertain(std::string(results[step].status("writing").message()));
  }
  if (results.size() <= steps) {
    return Uncertain(patience_.given_up() ? "the wait for it was given up" : "the connection was lost");
  }
  const Result& commit = results[steps];
  if (!commit.ok()) return Uncertain(std::string(commit.status("COMMIT").message()));
  if (commit.command() != "COMMIT")
    return Uncertain(absl::StrCat("COMMIT was answered by ", commit.command()));
  const auto committed = std::chrono::steady_clock::now();
  const absl::Status there = AwaitReplicas(results, steps);
  if (there.ok()) NoteCommit(begun, committed);
  return there;
}

void BatchWriter::NoteCommit(std::chrono::steady_clock::time_point begun,
                             std::chrono::steady_clock::time_point committed) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(figures_mutex_);
  ++figures_.commits;
  figures_.connected = true;
  figures_.commit_seconds += std::chrono::duration<double>(now - begun).count();
  figures_.replica_wait_seconds += std::chrono::duration<double>(now - committed).count();
}

// The server found an error before the COMMIT and skipped that, so nothing is written; but the transaction is
// open and has failed, and every later batch would fail with it.
absl::Status BatchWriter::Refused(const Result& refusal) {
  const absl::Status why = refusal.status("writing a batch");
  const std::string state = refusal.sqlstate();
  if (const absl::Status back = RollBack(); !back.ok()) connection_.Drop();
  if (state == kHeadDiffers || state == kHeadExists) {
    return absl::InternalError(
        "the ledger's head in PostgreSQL is not the one this process left: another process has written, or "
        "somebody edited it; this process must end");
  }
  return absl::AbortedError(absl::StrCat("the batch was not written: ", why.message()));
}

absl::Status BatchWriter::RollBack() {
  if (connection_.get() == nullptr) return absl::UnavailableError("the connection was lost");
  const std::vector<Result> results = Pipeline(connection_, patience_).Add("rollback").Run();
  if (results.size() == 1 && results[0].ok() && connection_.get() != nullptr &&
      PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) {
    return absl::OkStatus();
  }
  return absl::UnavailableError("the transaction could not be rolled back");
}

absl::Status BatchWriter::AwaitReplicas(const std::vector<Result>& results, size_t commit) {
  if (replicas_.wanted == 0) return absl::OkStatus();
  std::optional<uint64_t> place;
  if (results.size() > commit + 1 && results[commit + 1].ok()) {
    if (results[commit + 1].Int8(0, 1) >= replicas_.wanted) return absl::OkStatus();
    place = results[commit + 1].Int8(0, 0);
  }
  return AskForReplicas(place);
}

// Asks until enough of them have what was committed.
absl::Status BatchWriter::AskForReplicas(std::optional<uint64_t> place) {
  constexpr std::chrono::milliseconds kFirst{1}, kSlowest{100};
  for (std::chrono::milliseconds pause = kFirst;; pause = std::min(2 * pause, kSlowest)) {
    if (connection_.get() == nullptr) return Uncertain("the connection was lost before its replicas had it");
    if (!patience_.Pause(pause)) return Uncertain("the wait for its replicas was given up");
    Parameters parameters;
    parameters.Texts(replicas_.names);
    if (place) parameters.Lsn(*place);
    const std::vector<Result> results =
        Pipeline(connection_, patience_).Add(place ? "reached" : "flushed", std::move(parameters)).Run();
    if (results.empty() || !results[0].ok()) continue;  // cancelled, or the connection is gone
    if (results[0].Int8(0, 1) >= replicas_.wanted) return absl::OkStatus();
    if (!place) place = results[0].Int8(0, 0);
  }
}

}  // namespace labrec::recovery::postgres
