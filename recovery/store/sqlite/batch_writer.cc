#include "recovery/store/sqlite/batch_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery {

BatchWriter::BatchWriter(Database database)
    : database_(std::move(database)),
      slots_(database_.get()),
      put_digest_(database_.get(), "INSERT OR REPLACE INTO bucket_digests(bucket, digest) VALUES(?, ?)"),
      drop_digest_(database_.get(), "DELETE FROM bucket_digests WHERE bucket = ?"),
      put_directory_(database_.get(), "INSERT OR REPLACE INTO directories(bucket, entries) VALUES(?, ?)"),
      drop_directory_(database_.get(), "DELETE FROM directories WHERE bucket = ?"),
      put_head_(database_.get(),
                "INSERT OR REPLACE INTO head(id, epoch, root, realm_id, bucket_exponent, records, "
                "discontinuities, evidence) VALUES(0, ?, ?, ?, ?, ?, ?, ?)") {
  auto count = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<BatchWriter*>(self)->log_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_.get(), count, this);
}

absl::Status BatchWriter::Write(const StoreBatch& batch) {
  if (absl::Status begun = Execute(database_.get(), "BEGIN IMMEDIATE"); !begun.ok()) {
    return absl::AbortedError(absl::StrCat("the batch was not written: ", begun.message()));
  }
  if (absl::Status put = PutAll(batch); !put.ok()) {
    LABREC_RETURN_IF_ERROR(RollBack());
    return absl::AbortedError(absl::StrCat("the batch was not written: ", put.message()));
  }
  const int code = sqlite3_exec(database_.get(), "COMMIT", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return absl::OkStatus();
  const absl::Status committed = SqliteError(database_.get(), code, "COMMIT");
  if (OutOfRoom(database_.get(), code, DatabaseFile::kLog)) {
    LABREC_RETURN_IF_ERROR(RollBack());
    return absl::AbortedError(
        absl::StrCat("the batch was not written, there is no room for it: ", committed.message()));
  }
  return absl::InternalError(absl::StrCat("it is not known whether the batch reached the disk (",
                                          committed.message(), "): the process must end"));
}

absl::Status BatchWriter::RollBack() {
  if (sqlite3_get_autocommit(database_.get()) != 0) return absl::OkStatus();  // SQLite has done so itself
  const absl::Status back = Execute(database_.get(), "ROLLBACK");
  if (back.ok()) return back;
  return absl::InternalError(absl::StrCat("a batch could not be rolled back: ", back.message()));
}

absl::Status BatchWriter::PutAll(const StoreBatch& batch) {
  for (const RowWrite& row : batch.rows) {
    LABREC_RETURN_IF_ERROR(row.content.has_value() ? slots_.Put(row.address, *row.content)
                                                   : slots_.Remove(row.address));
  }
  for (const BucketWrite& bucket : batch.buckets) LABREC_RETURN_IF_ERROR(PutBucket(bucket));
  return PutHead(batch.head);
}

absl::Status BatchWriter::PutBucket(const BucketWrite& bucket) {
  const int64_t number = bucket.bucket;
  if (bucket.directory.empty()) {
    LABREC_RETURN_IF_ERROR(drop_digest_.Bind(number).Run());
    return drop_directory_.Bind(number).Run();
  }
  LABREC_RETURN_IF_ERROR(put_digest_.Bind(number).Bind(bucket.digest).Run());
  return put_directory_.Bind(number).Bind(bucket.directory).Run();
}

absl::Status BatchWriter::PutHead(const HeadRow& head) {
  put_head_.Bind(static_cast<int64_t>(head.epoch)).Bind(head.root).Bind(head.realm_id);
  put_head_.Bind(int64_t{head.bucket_exponent}).Bind(static_cast<int64_t>(head.records));
  return put_head_.Bind(static_cast<int64_t>(head.discontinuities)).Bind(head.evidence).Run();
}

}  // namespace labrec::recovery
