#include "recovery/store/postgres/postgres_store.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/postgres/batch_writer.h"
#include "recovery/store/postgres/link/ticker.h"
#include "recovery/store/postgres/reader_pool.h"
#include "recovery/store/postgres/reads.h"
#include "recovery/store/postgres/schema.h"
#include "recovery/store/postgres/session.h"

namespace labrec::recovery::postgres {
namespace {

absl::Status CheckOptions(const PostgresOptions& options) {
  std::vector<std::string> names = options.standby_names;
  std::ranges::sort(names);
  if (std::ranges::adjacent_find(names) != names.end()) {
    return absl::InvalidArgumentError("a standby is named twice");
  }
  if (options.replicas > names.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.replicas, " replicas are demanded of ", names.size(), " named standbys"));
  }
  return absl::OkStatus();
}

class PostgresStoreImpl : public PostgresStore {
 public:
  PostgresStoreImpl(PostgresOptions options, std::vector<ServerPlace> places, WritingSession session)
      : options_(std::move(options)),
        places_(std::move(places)),
        connection_(std::move(session.connection)),
        server_(session.place.name),
        writer_(connection_, patience_, {options_.replicas, options_.standby_names}),
        readers_(std::move(session.place), session.identity) {}

  // Once, before the store is given away.
  absl::Status Begin() {
    LABREC_RETURN_IF_ERROR(writer_.Prepare());
    LABREC_ASSIGN_OR_RETURN(present_, ReadVersion());
    if (options_.open != PostgresOptions::Open::kReadOnly) {
      signs_.emplace(options_.sign_every, [this] { GiveSign(); });
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<HeadRow>> ReadHead() override {
    LABREC_ASSIGN_OR_RETURN(const Result result, Read(AskHead));
    return HeadFrom(result);
  }

  absl::StatusOr<std::optional<Bytes>> ReadRow(const RowAddress& address) override {
    LABREC_ASSIGN_OR_RETURN(std::vector<std::optional<Bytes>> rows, ReadRows({&address, 1}));
    return std::move(rows[0]);
  }

  absl::StatusOr<Bytes> ReadDirectory(uint32_t bucket) override {
    LABREC_ASSIGN_OR_RETURN(std::vector<Bytes> directories, ReadDirectories({&bucket, 1}));
    return std::move(directories[0]);
  }

  absl::StatusOr<std::vector<std::optional<Bytes>>> ReadRows(std::span<const RowAddress> addresses) override {
    if (addresses.empty()) return std::vector<std::optional<Bytes>>();
    LABREC_ASSIGN_OR_RETURN(const Result result,
                            Read([&](Connection& connection) { return AskRows(connection, addresses); }));
    return RowsFrom(result, addresses.size());
  }

  absl::StatusOr<std::vector<Bytes>> ReadDirectories(std::span<const uint32_t> buckets) override {
    if (buckets.empty()) return std::vector<Bytes>();
    LABREC_ASSIGN_OR_RETURN(const Result result, Read([&](Connection& connection) {
                              return AskDirectories(connection, buckets);
                            }));
    return DirectoriesFrom(result, buckets.size());
  }

  absl::Status ForEachBucketDigest(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) override {
    LABREC_ASSIGN_OR_RETURN(Connection connection, readers_.Open());
    return ScanDigests(connection, visit);
  }

  absl::Status ForEachRowAfter(const std::optional<RowAddress>& after, const RowVisit& visit) override {
    LABREC_ASSIGN_OR_RETURN(Connection connection, readers_.Open());
    return ScanRows(connection, after, visit);
  }

  absl::Status MakeDurable() override;
  absl::Status Write(const StoreBatch& batch) override;

  std::string waits_for() const override { return patience_.waits_for(); }
  void GiveUp() override { patience_.GiveUp(); }

  std::string server() const override {
    const std::lock_guard lock(server_mutex_);
    return server_;
  }

  StorageFigures figures() const override { return writer_.figures(); }

 private:
  absl::StatusOr<std::optional<BatchWriter::Version>> ReadVersion();
  absl::StatusOr<Result> Read(const ReaderPool::Work& work);
  void FindSuccessor();
  absl::Status CheckMayWrite() const;
  absl::Status Reconnect(std::chrono::milliseconds standbys_within);
  void GiveSign();

  const PostgresOptions options_;
  const std::vector<ServerPlace> places_;
  Patience patience_;
  std::mutex write_mutex_;  // guards what follows, but for the readers
  Connection connection_;
  mutable std::mutex server_mutex_;
  std::string server_;
  BatchWriter writer_;
  std::optional<BatchWriter::Version> present_;  // what this process found, or wrote
  absl::Status broken_;                          // not OK: the process must end
  ReaderPool readers_;
  std::optional<Ticker> signs_;  // last: it ends before what it uses
};

absl::StatusOr<std::optional<BatchWriter::Version>> PostgresStoreImpl::ReadVersion() {
  LABREC_ASSIGN_OR_RETURN(
      const Result found,
      connection_.Run("SELECT epoch, evidence FROM labrec_head WHERE id = 0", {}, "reading the head"));
  if (found.rows() == 0) return std::nullopt;
  return BatchWriter::Version{found.Int8(0, 0), ToBytes(found.Blob(0, 1))};
}

// The server may be gone for good, and a batch reads before it is written: so readers look for its successor
// too.
absl::StatusOr<Result> PostgresStoreImpl::Read(const ReaderPool::Work& work) {
  constexpr std::chrono::seconds kAtFirst{1}, kWithin{5};
  absl::StatusOr<Result> result = readers_.Read(work, kAtFirst);
  if (!absl::IsInternal(result.status())) return result;
  FindSuccessor();
  return readers_.Read(work, kWithin);
}

// Unless somebody writes, or looks for it already: then that ends one way or the other.
void PostgresStoreImpl::FindSuccessor() {
  const std::unique_lock lock(write_mutex_, std::try_to_lock);
  if (!lock.owns_lock() || !CheckMayWrite().ok() || !connection_.BrokeWhileIdle()) return;
  Reconnect(options_.standbys_within).IgnoreError();  // the next read says that it cannot be read
}

absl::Status PostgresStoreImpl::CheckMayWrite() const {
  if (options_.open == PostgresOptions::Open::kReadOnly) {
    return absl::FailedPreconditionError("the ledger is open for reading only");
  }
  if (broken_.ok()) return broken_;
  return absl::InternalError(
      absl::StrCat("storage failed earlier, the process must end: ", broken_.message()));
}

// Nothing of the batch was sent yet. The server may be another one by now: all is asked of it anew, and it
// has to have the head that this process left.
absl::Status PostgresStoreImpl::Reconnect(std::chrono::milliseconds standbys_within) {
  connection_.Drop();
  PostgresOptions existing = options_;
  existing.open = PostgresOptions::Open::kExisting;
  existing.standbys_within = standbys_within;
  absl::StatusOr<WritingSession> session = OpenWritingSession(places_, existing);
  if (!session.ok()) {
    return absl::AbortedError(
        absl::StrCat("the batch was not written, PostgreSQL was lost: ", session.status().message()));
  }
  connection_ = std::move(session->connection);
  if (const absl::Status prepared = writer_.Prepare(); !prepared.ok()) {
    connection_.Drop();
    return absl::AbortedError(absl::StrCat("the batch was not written: ", prepared.message()));
  }
  readers_.Follow(session->place, session->identity);
  const std::lock_guard lock(server_mutex_);
  server_ = session->place.name;
  return absl::OkStatus();
}

// A batch that is under way is a sign as well. A server that is gone is looked for without waiting, as
// whoever writes next waits as long as he likes.
void PostgresStoreImpl::GiveSign() {
  const std::unique_lock lock(write_mutex_, std::try_to_lock);
  if (!lock.owns_lock() || !CheckMayWrite().ok() || patience_.given_up()) return;
  if (connection_.BrokeWhileIdle() && !Reconnect(std::chrono::milliseconds(0)).ok()) {
    return writer_.NoteLost();  // the next one tries again
  }
  writer_.GiveSign();
}

absl::Status PostgresStoreImpl::Write(const StoreBatch& batch) {
  const std::lock_guard lock(write_mutex_);
  LABREC_RETURN_IF_ERROR(CheckMayWrite());
  if (connection_.BrokeWhileIdle()) {
    LABREC_RETURN_IF_ERROR(Reconnect(options_.standbys_within));
  }
  const absl::Status written = writer_.Write(batch, present_);
  if (written.ok()) {
    present_ = BatchWriter::Version{batch.head.epoch, batch.head.evidence};
  } else if (!absl::IsAborted(written)) {
    broken_ = written;
  }
  return written;
}

// A batch that an earlier run sent may be on the primary's disk alone: the primary was killed while the batch
// waited for a standby, and shows it since. Anchored as it is, the next failover would lose it.
absl::Status PostgresStoreImpl::MakeDurable() {
  const std::lock_guard lock(write_mutex_);
  LABREC_RETURN_IF_ERROR(CheckMayWrite());
  if (!present_) return absl::OkStatus();
  const absl::Status touched = connection_.BrokeWhileIdle()
                                   ? absl::AbortedError("the connection to PostgreSQL was lost")
                                   : writer_.Touch(*present_);
  if (absl::IsAborted(touched)) return absl::UnavailableError(touched.message());
  if (!touched.ok()) broken_ = touched;
  return touched;
}

absl::StatusOr<std::vector<ServerPlace>> PlacesOf(const PostgresOptions& options) {
  LABREC_RETURN_IF_ERROR(CheckOptions(options));
  absl::StatusOr<std::vector<ServerPlace>> places = ParseServerUrl(options.url);
  if (places.ok() && options.tables == PostgresOptions::Tables::kRebuilt) {
    for (ServerPlace& place : *places) place.tables = kRebuiltTables;
  }
  if (places.ok()) return places;
  return absl::InvalidArgumentError(absl::StrCat("the URL ", places.status().message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresStore>> OpenStore(PostgresOptions options) {
  LABREC_ASSIGN_OR_RETURN(std::vector<ServerPlace> places, PlacesOf(options));
  LABREC_ASSIGN_OR_RETURN(WritingSession session, OpenWritingSession(places, options));
  auto store = std::make_unique<PostgresStoreImpl>(std::move(options), std::move(places), std::move(session));
  LABREC_RETURN_IF_ERROR(store->Begin());
  return store;
}

absl::Status RemoveStore(PostgresOptions options) {
  options.open = PostgresOptions::Open::kExisting;
  LABREC_ASSIGN_OR_RETURN(const std::vector<ServerPlace> places, PlacesOf(options));
  absl::StatusOr<WritingSession> session = OpenWritingSession(places, options);
  if (absl::IsNotFound(session.status())) return absl::OkStatus();
  LABREC_RETURN_IF_ERROR(session.status());
  return DropSchema(session->connection);
}

absl::Status ReplaceStore(PostgresOptions options) {
  options.open = PostgresOptions::Open::kExisting;
  options.tables = PostgresOptions::Tables::kLedger;
  LABREC_ASSIGN_OR_RETURN(const std::vector<ServerPlace> places, PlacesOf(options));
  LABREC_ASSIGN_OR_RETURN(WritingSession session, OpenWritingSession(places, options));
  return PutRebuiltInPlace(session.connection);
}

absl::Status CheckStore(const PostgresOptions& options) {
  return PlacesOf(options).status();
}

}  // namespace labrec::recovery::postgres

namespace labrec::recovery {

absl::StatusOr<std::unique_ptr<PostgresStore>> OpenPostgresStore(PostgresOptions options) {
  return postgres::OpenStore(std::move(options));
}

absl::Status CheckPostgresOptions(const PostgresOptions& options) {
  return postgres::CheckStore(options);
}

absl::Status RemovePostgresLedger(const PostgresOptions& options) {
  return postgres::RemoveStore(options);
}

absl::Status PutRebuiltInPlace(const PostgresOptions& options) {
  return postgres::ReplaceStore(options);
}

}  // namespace labrec::recovery
