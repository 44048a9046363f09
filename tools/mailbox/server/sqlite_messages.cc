#include "hsm/base/status_macros.h"
#include "recovery/store/sqlite/statement.h"
#include "tools/mailbox/server/sqlite_store.h"

// The messages of an SqliteStore.
namespace labrec::mailbox {
namespace {

using recovery::DoneGuard;
using recovery::Statement;
using recovery::labyrinth::Id;
using recovery::labyrinth::MessagePage;
using recovery::labyrinth::ParseId;
using recovery::labyrinth::StoredMessage;
using recovery::labyrinth::StoreHead;

constexpr size_t kPageBytes = 256 << 10;

using Lock = std::lock_guard<std::mutex>;

// The current row of "id, thread, timestamp_ms, sealed".
absl::StatusOr<StoredMessage> MessageAt(const Statement& statement) {
  const std::optional<Id> id = ParseId(statement.Blob(0));
  if (!id.has_value()) return absl::DataLossError("an id in the database has not 16 bytes: it was edited");
  return StoredMessage{*id, ToString(statement.Blob(1)), statement.Integer(2), ToBytes(statement.Blob(3))};
}

absl::StatusOr<int64_t> CountOf(sqlite3* database, int64_t number, int64_t sequence) {
  Statement count(database, "SELECT messages FROM epoch WHERE mailbox=?1 AND sequence=?2");
  const DoneGuard done(count);
  LABREC_ASSIGN_OR_RETURN(const bool found, count.Bind(number).Bind(sequence).Next());
  return found ? count.Integer(0) : 0;
}

}  // namespace

absl::Status SqliteStore::AppendMessages(const Id& epoch, std::span<const StoredMessage> messages) {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_.connection()));
  LABREC_ASSIGN_OR_RETURN(const std::optional<StoreHead> head, Head());
  if (!head.has_value() || head->epoch_id != epoch) return absl::AbortedError("another epoch came first");
  LABREC_ASSIGN_OR_RETURN(const int64_t number, Number());
  const auto sequence = static_cast<int64_t>(head->sequence);
  LABREC_ASSIGN_OR_RETURN(int64_t position, CountOf(database_.connection(), number, sequence));
  Statement insert(database_.connection(), "INSERT INTO message VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  for (const StoredMessage& message : messages) {
    LABREC_RETURN_IF_ERROR(insert.Bind(number)
                               .Bind(sequence)
                               .Bind(++position)
                               .Bind(message.id)
                               .Bind(AsBytes(message.thread))
                               .Bind(message.timestamp_ms)
                               .Bind(message.sealed)
                               .Run());
  }
  Statement count(database_.connection(), "UPDATE epoch SET messages=?1 WHERE mailbox=?2 AND sequence=?3");
  LABREC_RETURN_IF_ERROR(count.Bind(position).Bind(number).Bind(sequence).Run());
  return transaction.Commit();
}

absl::StatusOr<MessagePage> SqliteStore::ReadMessages(uint64_t sequence, uint64_t after, size_t limit) {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(const int64_t number, Number());
  LABREC_ASSIGN_OR_RETURN(const int64_t count,
                          CountOf(database_.connection(), number, static_cast<int64_t>(sequence)));
  Statement list(database_.connection(),
                 "SELECT id, thread, timestamp_ms, sealed FROM message"
                 " WHERE mailbox=?1 AND sequence=?2 AND position>?3 ORDER BY position");
  const DoneGuard done(list);
  list.Bind(number).Bind(static_cast<int64_t>(sequence)).Bind(static_cast<int64_t>(after));
  MessagePage page;
  page.next = after;
  for (size_t bytes = 0; page.messages.size() < limit && bytes < kPageBytes;) {
    LABREC_ASSIGN_OR_RETURN(const bool found, list.Next());
    if (!found) break;
    LABREC_ASSIGN_OR_RETURN(StoredMessage message, MessageAt(list));
    bytes += message.sealed.size();
    page.messages.push_back(std::move(message));
    ++page.next;
  }
  page.last = page.next >= static_cast<uint64_t>(count);
  return page;
}

}  // namespace labrec::mailbox
