#include "recovery/store/sqlite/reader_pool.h"

#include <utility>

#include "hsm/base/status_macros.h"

namespace labrec::recovery {

ReadConnection::ReadConnection(Database opened)
    : database(std::move(opened)),
      head(database.get(),
           "SELECT epoch, root, realm_id, bucket_exponent, records, discontinuities, evidence FROM head "
           "WHERE id = 0"),
      row(database.get(),
          "SELECT slots.content FROM rows JOIN slots ON slots.slot = rows.slot "
          "WHERE rows.bucket = ? AND rows.key = ?"),
      directory(database.get(), "SELECT entries FROM directories WHERE bucket = ?"),
      digests(database.get(), "SELECT bucket, digest FROM bucket_digests ORDER BY bucket"),
      rows(database.get(),
           "SELECT rows.bucket, rows.key, slots.content FROM rows JOIN slots ON slots.slot = rows.slot "
           "WHERE (rows.bucket, rows.key) > (?, ?) ORDER BY rows.bucket, rows.key") {}

ReaderPool::Lease::~Lease() {
  if (connection_ == nullptr) return;
  std::lock_guard lock(pool_->mutex_);
  pool_->idle_.push_back(std::move(connection_));
}

absl::StatusOr<ReaderPool::Lease> ReaderPool::Take() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<ReadConnection> connection = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(connection));
    }
  }
  LABREC_ASSIGN_OR_RETURN(Database database, OpenDatabase(path_, access_));
  LABREC_RETURN_IF_ERROR(Execute(database.get(), "PRAGMA query_only=ON"));
  return Lease(*this, std::make_unique<ReadConnection>(std::move(database)));
}

}  // namespace labrec::recovery
