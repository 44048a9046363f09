#include "recovery/store/sqlite/sqlite_store.h"

#include <atomic>
#include <cerrno>
#include <mutex>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/sqlite/batch_writer.h"
#include "recovery/store/sqlite/connection.h"
#include "recovery/store/sqlite/file_lock.h"
#include "recovery/store/sqlite/log_eraser.h"
#include "recovery/store/sqlite/log_match.h"
#include "recovery/store/sqlite/reader_pool.h"
#include "recovery/store/sqlite/schema.h"
#include "recovery/store/sqlite/snapshot.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::recovery {
namespace {

absl::StatusOr<uint32_t> ToU32(int64_t value) {
  if (value >= 0 && value <= UINT32_MAX) return static_cast<uint32_t>(value);
  return absl::DataLossError(
      absl::StrCat("the number ", value, " stands where a bucket's should: the database was edited"));
}

// Removes SQLite's index where looking at a log has made one, when all connections are closed.
class MadeIndex {
 public:
  MadeIndex(const std::filesystem::path& database, Access access) : path_(database.string() + "-shm") {
    struct stat found {};
    remove_ = access == Access::kRead && lstat(path_.c_str(), &found) != 0;
  }
  MadeIndex(MadeIndex&& other) noexcept
      : path_(std::move(other.path_)), remove_(std::exchange(other.remove_, false)) {}
  MadeIndex& operator=(MadeIndex&&) = delete;
  ~MadeIndex() {
    if (remove_) unlink(path_.c_str());
  }

 private:
  std::string path_;
  bool remove_;
};

// What a store is made of.
struct Opened {
  FileLock lock;
  MadeIndex index;
  std::filesystem::path path;
  Access access;
  Database writer;
  Database checkpointer;
};

class SqliteStoreImpl final : public SqliteStore {
 public:
  SqliteStoreImpl(Opened opened, const SqliteOptions& options)
      : lock_(std::move(opened.lock)),
        index_(std::move(opened.index)),
        access_(opened.access),
        writer_(std::move(opened.writer)),
        readers_(opened.path, opened.access),
        eraser_(std::move(opened.checkpointer), opened.path, write_mutex_,
                {options.erase_after, options.log_pages_limit},
                [this](const absl::Status& why) { Break(why); }) {}

  ~SqliteStoreImpl() override {
    if (!broken_ && durable_) EraseOldVersions().IgnoreError();  // the log stays valid where this fails
  }

  absl::StatusOr<std::optional<HeadRow>> ReadHead() override;
  absl::StatusOr<std::optional<Bytes>> ReadRow(const RowAddress& address) override;
  absl::StatusOr<Bytes> ReadDirectory(uint32_t bucket) override;
  absl::StatusOr<std::vector<std::optional<Bytes>>> ReadRows(std::span<const RowAddress> addresses) override;
  absl::StatusOr<std::vector<Bytes>> ReadDirectories(std::span<const uint32_t> buckets) override;
  absl::Status ForEachBucketDigest(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) override;
  absl::Status ForEachRowAfter(const std::optional<RowAddress>& after, const RowVisit& visit) override;

  // The log may stand in the kernel's memory only: an earlier run died before its sync, or the sync failed,
  // after which the kernel takes the pages for written. It is written once more, to the database file.
  absl::Status MakeDurable() override {
    if (durable_) return absl::OkStatus();
    if (access_ == Access::kRead) return absl::FailedPreconditionError("the ledger is open for reading only");
    LABREC_RETURN_IF_ERROR(writer_.UseLog());
    LABREC_RETURN_IF_ERROR(eraser_.EraseNow());
    durable_ = true;
    return absl::OkStatus();
  }

  absl::Status Write(const StoreBatch& batch) override {
    if (absl::Status durable = MakeDurable(); !durable.ok()) {
      if (broken_) return durable;
      return absl::AbortedError(absl::StrCat("the batch was not written: ", durable.message()));
    }
    std::lock_guard lock(write_mutex_);
    if (broken_)
      return absl::InternalError(absl::StrCat("storage failed earlier, the process must end: ", Why()));
    const absl::Status written = writer_.Write(batch);
    if (!written.ok() && !absl::IsAborted(written)) Break(written);
    if (written.ok()) eraser_.Written(writer_.log_pages());
    return written;
  }

  absl::Status EraseOldVersions() override { return durable_ ? eraser_.EraseNow() : MakeDurable(); }

  absl::Status Snapshot(const std::filesystem::path& path) override {
    LABREC_ASSIGN_OR_RETURN(const ReaderPool::Lease reader, readers_.Take());
    return CopyDatabase(reader->database.get(), path);
  }

 private:
  void Break(const absl::Status& why) {
    std::lock_guard lock(why_mutex_);
    if (why_.ok()) why_ = why;
    broken_ = true;
  }
  std::string Why() {
    std::lock_guard lock(why_mutex_);
    return std::string(why_.message());
  }

  FileLock lock_;
  MadeIndex index_;
  const Access access_;
  std::atomic<bool> durable_ = false;  // nothing was changed before
  std::mutex write_mutex_;
  std::atomic<bool> broken_ = false;
  std::mutex why_mutex_;
  absl::Status why_;
  BatchWriter writer_;
  ReaderPool readers_;
  LogEraser eraser_;
};

absl::StatusOr<std::optional<HeadRow>> SqliteStoreImpl::ReadHead() {
  LABREC_ASSIGN_OR_RETURN(const ReaderPool::Lease reader, readers_.Take());
  Statement& statement = reader->head;
  DoneGuard done(statement);
  LABREC_ASSIGN_OR_RETURN(const bool found, statement.Next());
  if (!found) return std::nullopt;
  HeadRow head;
  head.epoch = static_cast<uint64_t>(statement.Integer(0));
  LABREC_ASSIGN_OR_RETURN(head.root, statement.DigestAt(1));
  head.realm_id = ToBytes(statement.Blob(2));
  LABREC_ASSIGN_OR_RETURN(head.bucket_exponent, ToU32(statement.Integer(3)));
  head.records = static_cast<uint64_t>(statement.Integer(4));
  head.discontinuities = static_cast<uint64_t>(statement.Integer(5));
  head.evidence = ToBytes(statement.Blob(6));
  return head;
}

absl::StatusOr<std::optional<Bytes>> RowAt(Statement& statement, const RowAddress& address) {
  DoneGuard done(statement);
  statement.Bind(int64_t{address.bucket}).Bind(address.key);
  LABREC_ASSIGN_OR_RETURN(const bool found, statement.Next());
  if (!found) return std::nullopt;
  return ToBytes(statement.Blob(0));
}

absl::StatusOr<Bytes> DirectoryOf(Statement& statement, uint32_t bucket) {
  DoneGuard done(statement);
  statement.Bind(int64_t{bucket});
  LABREC_ASSIGN_OR_RETURN(const bool found, statement.Next());
  return found ? ToBytes(statement.Blob(0)) : Bytes();
}

absl::StatusOr<std::optional<Bytes>> SqliteStoreImpl::ReadRow(const RowAddress& address) {
  LABREC_ASSIGN_OR_RETURN(const ReaderPool::Lease reader, readers_.Take());
  return RowAt(reader->row, address);
}

absl::StatusOr<Bytes> SqliteStoreImpl::ReadDirectory(uint32_t bucket) {
  LABREC_ASSIGN_OR_RETURN(const ReaderPool::Lease reader, readers_.Take());
  return DirectoryOf(reader->directory, bucket);
}

absl::StatusOr<std::vector<std::optional<Bytes>>> SqliteStoreImpl::ReadRows(
    std::span<const RowAddress> addresses) {
  LABREC_ASSIGN_OR_RETURN(const ReaderPool::Lease reader, readers_.Take());
  std::vector<std::optional<Bytes>> rows(addresses.size());
  for (size_t i = 0; i < addresses.size(); ++i) {
    LABREC_ASSIGN_OR_RETURN(rows[i], RowAt(reader->row, addresses[i]));
  }
  return rows;
}

absl::StatusOr<std::vector<Bytes>> SqliteStoreImpl::ReadDirectories(std::span<const uint32_t> buckets) {
  LABREC_ASSIGN_OR_RETURN(const ReaderPool::Lease reader, readers_.Take());
  std::vector<Bytes> directories(buckets.size());
  for (size_t i = 0; i < buckets.size(); ++i) {
    LABREC_ASSIGN_OR_RETURN(directories[i], DirectoryOf(reader->directory, buckets[i]));
  }
  return directories;
}

absl::Status SqliteStoreImpl::ForEachBucketDigest(
    const std::function<absl::Status(uint32_t, const Digest&)>& visit) {
  LABREC_ASSIGN_OR_RETURN(const ReaderPool::Lease reader, readers_.Take());
  Statement& statement = reader->digests;
  DoneGuard done(statement);
  while (true) {
    LABREC_ASSIGN_OR_RETURN(const bool found, statement.Next());
    if (!found) return absl::OkStatus();
    LABREC_ASSIGN_OR_RETURN(const uint32_t bucket, ToU32(statement.Integer(0)));
    LABREC_ASSIGN_OR_RETURN(const Digest digest, statement.DigestAt(1));
    LABREC_RETURN_IF_ERROR(visit(bucket, digest));
  }
}

absl::Status SqliteStoreImpl::ForEachRowAfter(const std::optional<RowAddress>& after, const RowVisit& visit) {
  LABREC_ASSIGN_OR_RETURN(const ReaderPool::Lease reader, readers_.Take());
  Statement& statement = reader->rows;
  DoneGuard done(statement);
  statement.Bind(after ? int64_t{after->bucket} : -1).Bind(after ? ByteView(after->key) : ByteView());
  while (true) {
    LABREC_ASSIGN_OR_RETURN(const bool found, statement.Next());
    if (!found) return absl::OkStatus();
    RowAddress address;
    LABREC_ASSIGN_OR_RETURN(address.bucket, ToU32(statement.Integer(0)));
    LABREC_ASSIGN_OR_RETURN(address.key, statement.DigestAt(1));
    LABREC_RETURN_IF_ERROR(visit(address, statement.Blob(2)));
  }
}

// Makes the file where wanted, with mode 0600 from its first moment; whether it is new, or as empty as a new
// one. Refuses one that others may read: it holds what will be erased.
absl::StatusOr<bool> DemandFile(const std::filesystem::path& path, SqliteOptions::Open mode) {
  const bool may_make = mode == SqliteOptions::Open::kCreateIfMissing;
  const int access = mode == SqliteOptions::Open::kReadOnly ? O_RDONLY : O_RDWR;
  const int file = open(path.c_str(), access | O_CLOEXEC | O_NOFOLLOW | (may_make ? O_CREAT : 0), 0600);
  if (file < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open the ledger ", path.string()));
  const absl::Cleanup close_file = [file] { close(file); };
  struct stat facts {};
  if (fstat(file, &facts) != 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot stat ", path.string()));
  if ((facts.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("group or others may read the ledger ", path.string(), ": chmod 600 it"));
  }
  return may_make && facts.st_size == 0;
}

// SQLite follows no symbolic link and wants to know the folder behind one.
absl::StatusOr<std::filesystem::path> FileBehind(const std::filesystem::path& path,
                                                 SqliteOptions::Open mode) {
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
  if (error) return absl::NotFoundError(absl::StrCat("there is no folder for the ledger ", path.string()));
  std::filesystem::path file = folder / path.filename();
  if (mode == SqliteOptions::Open::kCreateIfMissing || std::filesystem::exists(file, error)) return file;
  return absl::NotFoundError(absl::StrCat("there is no ledger at ", path.string()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> OpenSqliteStore(const std::filesystem::path& path,
                                                             const SqliteOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const std::filesystem::path file, FileBehind(path, options.open));
  LABREC_ASSIGN_OR_RETURN(FileLock lock, FileLock::Take(file.string() + ".lock"));
  LABREC_ASSIGN_OR_RETURN(const bool is_new, DemandFile(file, options.open));
  if (!is_new) LABREC_RETURN_IF_ERROR(CheckFiles(file));
  const Access access = options.open == SqliteOptions::Open::kReadOnly ? Access::kRead : Access::kWrite;
  MadeIndex index(file, access);
  LABREC_ASSIGN_OR_RETURN(Database writer, OpenDatabase(file, access));
  if (is_new) {
    LABREC_RETURN_IF_ERROR(SetPageSize(writer.get()));
    LABREC_RETURN_IF_ERROR(UseLog(writer.get()));
    LABREC_RETURN_IF_ERROR(MakeSchema(writer.get()));
  }
  LABREC_RETURN_IF_ERROR(CheckSchema(writer.get()));
  LABREC_RETURN_IF_ERROR(CheckLogMatches(file, writer.get()));
  LABREC_ASSIGN_OR_RETURN(Database checkpointer, OpenDatabase(file, access));
  Opened opened{std::move(lock), std::move(index), file, access, std::move(writer), std::move(checkpointer)};
  auto store = std::make_unique<SqliteStoreImpl>(std::move(opened), options);
  if (is_new) LABREC_RETURN_IF_ERROR(store->MakeDurable());
  return store;
}

}  // namespace labrec::recovery
