#include "tools/mailbox/server/sqlite_store.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::mailbox {
namespace {

using recovery::DoneGuard;
using recovery::Statement;
using recovery::labyrinth::EpochCommit;
using recovery::labyrinth::Id;
using recovery::labyrinth::MemberRow;
using recovery::labyrinth::ParseId;
using recovery::labyrinth::StoredEpoch;
using recovery::labyrinth::StoreHead;

constexpr int64_t kNoMailbox = 0;  // SQLite's numbers begin with 1
constexpr int64_t kMostMembers = 256;
constexpr int64_t kMostBlobs = 1024;

using Lock = std::lock_guard<std::mutex>;

int64_t Signed(uint64_t value) {
  return static_cast<int64_t>(value);
}

absl::Status Nothing(const char* what) {
  return absl::NotFoundError(std::string("there is no ") + what);
}

absl::StatusOr<Id> IdAt(const Statement& statement, int column) {
  const std::optional<Id> id = ParseId(statement.Blob(column));
  if (!id.has_value()) return absl::DataLossError("an id in the database has not 16 bytes: it was edited");
  return *id;
}

}  // namespace

absl::StatusOr<int64_t> SqliteStore::Number() {
  Statement find(database_.connection(), "SELECT number FROM mailbox WHERE name=?1");
  const DoneGuard done(find);
  LABREC_ASSIGN_OR_RETURN(const bool found, find.Bind(AsBytes(mailbox_)).Next());
  return found ? find.Integer(0) : kNoMailbox;
}

absl::StatusOr<int64_t> SqliteStore::NumberForWriting() {
  Statement make(database_.connection(), "INSERT OR IGNORE INTO mailbox(name) VALUES(?1)");
  LABREC_RETURN_IF_ERROR(make.Bind(AsBytes(mailbox_)).Run());
  return Number();
}

absl::StatusOr<std::optional<StoreHead>> SqliteStore::Head() {
  LABREC_ASSIGN_OR_RETURN(const int64_t number, Number());
  Statement newest(database_.connection(),
                   "SELECT sequence, id, members_version,"
                   " (SELECT sum(messages) FROM epoch WHERE mailbox=?1)"
                   " FROM epoch WHERE mailbox=?1 ORDER BY sequence DESC LIMIT 1");
  const DoneGuard done(newest);
  LABREC_ASSIGN_OR_RETURN(const bool found, newest.Bind(number).Next());
  if (!found) return std::nullopt;
  LABREC_ASSIGN_OR_RETURN(const Id id, IdAt(newest, 1));
  return StoreHead{static_cast<uint64_t>(newest.Integer(0)), id, static_cast<uint64_t>(newest.Integer(2)),
                   static_cast<uint64_t>(newest.Integer(3))};
}

absl::StatusOr<StoreHead> SqliteStore::GetHead() {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(const std::optional<StoreHead> head, Head());
  if (!head.has_value()) return absl::NotFoundError("there is no mailbox of this name yet: run init");
  return *head;
}

absl::Status SqliteStore::RequireHead(const std::optional<StoreHead>& expected) {
  LABREC_ASSIGN_OR_RETURN(const std::optional<StoreHead> head, Head());
  const bool fits =
      head.has_value() == expected.has_value() &&
      (!head.has_value() || (head->sequence == expected->sequence && head->epoch_id == expected->epoch_id &&
                             head->members_version == expected->members_version));
  return fits ? absl::OkStatus() : absl::AbortedError("another epoch or member came first");
}

absl::Status SqliteStore::CommitEpoch(const std::optional<StoreHead>& expected, const EpochCommit& commit) {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_.connection()));
  LABREC_RETURN_IF_ERROR(RequireHead(expected));
  if (commit.sequence != (expected.has_value() ? expected->sequence + 1 : 0)) {
    return absl::InvalidArgumentError("an epoch's number is one more than the newest one's");
  }
  LABREC_ASSIGN_OR_RETURN(const int64_t number, NumberForWriting());
  Statement insert(database_.connection(), "INSERT INTO epoch VALUES(?1, ?2, ?3, ?4, ?5, 0, 0)");
  LABREC_RETURN_IF_ERROR(insert.Bind(number)
                             .Bind(Signed(commit.sequence))
                             .Bind(commit.id)
                             .Bind(commit.opening)
                             .Bind(commit.backward_edge)
                             .Run());
  LABREC_RETURN_IF_ERROR(InsertMembers(number, commit));
  return transaction.Commit();
}

absl::Status SqliteStore::InsertMembers(int64_t number, const EpochCommit& commit) {
  Statement member(database_.connection(),
                   "INSERT OR REPLACE INTO member(mailbox, sequence, id, entry) VALUES(?1, ?2, ?3, ?4)");
  for (const MemberRow& row : commit.members) {
    LABREC_RETURN_IF_ERROR(
        member.Bind(number).Bind(Signed(commit.sequence)).Bind(row.id).Bind(row.bytes).Run());
  }
  Statement delivery(database_.connection(),
                     "UPDATE member SET delivery=?1 WHERE mailbox=?2 AND sequence=?3 AND id=?4");
  for (const MemberRow& row : commit.deliveries) {
    LABREC_RETURN_IF_ERROR(
        delivery.Bind(row.bytes).Bind(number).Bind(Signed(commit.sequence)).Bind(row.id).Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<StoredEpoch> SqliteStore::GetEpoch(uint64_t sequence) {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(const int64_t number, Number());
  Statement find(database_.connection(),
                 "SELECT opening, backward_edge FROM epoch WHERE mailbox=?1 AND sequence=?2");
  const DoneGuard done(find);
  LABREC_ASSIGN_OR_RETURN(const bool found, find.Bind(number).Bind(Signed(sequence)).Next());
  if (!found) return Nothing("such epoch");
  return StoredEpoch{ToBytes(find.Blob(0)), ToBytes(find.Blob(1))};
}

absl::StatusOr<Bytes> SqliteStore::MemberColumn(uint64_t sequence, const Id& member, const char* sql) {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(const int64_t number, Number());
  Statement find(database_.connection(), sql);
  const DoneGuard done(find);
  LABREC_ASSIGN_OR_RETURN(const bool found, find.Bind(number).Bind(Signed(sequence)).Bind(member).Next());
  if (!found) return Nothing("such member of the epoch");
  return ToBytes(find.Blob(0));
}

absl::StatusOr<Bytes> SqliteStore::GetDelivery(uint64_t sequence, const Id& member) {
  return MemberColumn(sequence, member,
                      "SELECT delivery FROM member WHERE mailbox=?1 AND sequence=?2 AND id=?3"
                      " AND delivery IS NOT NULL");
}

absl::StatusOr<Bytes> SqliteStore::GetMember(uint64_t sequence, const Id& member) {
  return MemberColumn(sequence, member,
                      "SELECT entry FROM member WHERE mailbox=?1 AND sequence=?2 AND id=?3");
}

absl::StatusOr<std::vector<MemberRow>> SqliteStore::ListMembers(uint64_t sequence) {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(const int64_t number, Number());
  Statement list(database_.connection(), "SELECT id, entry FROM member WHERE mailbox=?1 AND sequence=?2");
  const DoneGuard done(list);
  list.Bind(number).Bind(Signed(sequence));
  std::vector<MemberRow> rows;
  while (true) {
    LABREC_ASSIGN_OR_RETURN(const bool found, list.Next());
    if (!found) break;
    LABREC_ASSIGN_OR_RETURN(const Id id, IdAt(list, 0));
    rows.push_back({id, ToBytes(list.Blob(1))});
  }
  if (rows.empty()) return Nothing("such epoch");
  return rows;
}

absl::Status SqliteStore::AddMember(const StoreHead& expected, const MemberRow& row) {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_.connection()));
  LABREC_RETURN_IF_ERROR(RequireHead(expected));
  LABREC_ASSIGN_OR_RETURN(const int64_t number, Number());
  const int64_t sequence = Signed(expected.sequence);
  Statement put(database_.connection(),
                "INSERT INTO member(mailbox, sequence, id, entry) VALUES(?1, ?2, ?3, ?4)"
                " ON CONFLICT DO UPDATE SET entry=excluded.entry");
  LABREC_RETURN_IF_ERROR(put.Bind(number).Bind(sequence).Bind(row.id).Bind(row.bytes).Run());
  Statement count(database_.connection(), "SELECT count(*) FROM member WHERE mailbox=?1 AND sequence=?2");
  LABREC_ASSIGN_OR_RETURN(const bool counted, count.Bind(number).Bind(sequence).Next());
  if (!counted || count.Integer(0) > kMostMembers) {
    return absl::ResourceExhaustedError("the epoch has 256 members");
  }
  count.Done();
  Statement version(database_.connection(),
                    "UPDATE epoch SET members_version=members_version+1 WHERE mailbox=?1 AND sequence=?2");
  LABREC_RETURN_IF_ERROR(version.Bind(number).Bind(sequence).Run());
  return transaction.Commit();
}

absl::Status SqliteStore::PutBlob(BlobKind kind, const Id& id, ByteView content) {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_.connection()));
  LABREC_ASSIGN_OR_RETURN(const int64_t number, NumberForWriting());
  Statement put(database_.connection(), "INSERT OR REPLACE INTO blob VALUES(?1, ?2, ?3, ?4)");
  LABREC_RETURN_IF_ERROR(put.Bind(number).Bind(static_cast<int64_t>(kind)).Bind(id).Bind(content).Run());
  Statement count(database_.connection(), "SELECT count(*) FROM blob WHERE mailbox=?1 AND kind=?2");
  LABREC_ASSIGN_OR_RETURN(const bool counted, count.Bind(number).Bind(static_cast<int64_t>(kind)).Next());
  if (!counted || count.Integer(0) > kMostBlobs) {
    return absl::ResourceExhaustedError("the mailbox has 1024 of them");
  }
  count.Done();
  return transaction.Commit();
}

absl::StatusOr<Bytes> SqliteStore::GetBlob(BlobKind kind, const Id& id) {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(const int64_t number, Number());
  Statement find(database_.connection(), "SELECT content FROM blob WHERE mailbox=?1 AND kind=?2 AND id=?3");
  const DoneGuard done(find);
  LABREC_ASSIGN_OR_RETURN(const bool found,
                          find.Bind(number).Bind(static_cast<int64_t>(kind)).Bind(id).Next());
  if (!found) return Nothing(kind == BlobKind::kBundle ? "such bundle" : "invitation for this device");
  return ToBytes(find.Blob(0));
}

absl::Status SqliteStore::PutBundle(const Id& virtual_device, ByteView bundle) {
  return PutBlob(BlobKind::kBundle, virtual_device, bundle);
}

absl::StatusOr<Bytes> SqliteStore::GetBundle(const Id& virtual_device) {
  return GetBlob(BlobKind::kBundle, virtual_device);
}

absl::Status SqliteStore::PutInvitation(const Id& device, ByteView invitation) {
  return PutBlob(BlobKind::kInvitation, device, invitation);
}

absl::StatusOr<Bytes> SqliteStore::GetInvitation(const Id& device) {
  return GetBlob(BlobKind::kInvitation, device);
}

absl::StatusOr<std::vector<Id>> SqliteStore::ListBundles() {
  const Lock lock(database_.mutex);
  LABREC_ASSIGN_OR_RETURN(const int64_t number, Number());
  Statement list(database_.connection(), "SELECT id FROM blob WHERE mailbox=?1 AND kind=?2");
  const DoneGuard done(list);
  list.Bind(number).Bind(static_cast<int64_t>(BlobKind::kBundle));
  std::vector<Id> ids;
  while (true) {
    LABREC_ASSIGN_OR_RETURN(const bool found, list.Next());
    if (!found) return ids;
    LABREC_ASSIGN_OR_RETURN(const Id id, IdAt(list, 0));
    ids.push_back(id);
  }
}

}  // namespace labrec::mailbox
