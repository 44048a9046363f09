#include "tests/support/storage/memory_store.h"

#include <algorithm>

namespace labrec::testing {
namespace {

using recovery::labyrinth::EpochCommit;
using recovery::labyrinth::Id;
using recovery::labyrinth::MemberRow;
using recovery::labyrinth::MessagePage;
using recovery::labyrinth::StoredEpoch;
using recovery::labyrinth::StoredMessage;
using recovery::labyrinth::StoreHead;

absl::StatusOr<Bytes> Find(const std::map<Id, Bytes>& map, const Id& id) {
  const auto found = map.find(id);
  if (found == map.end()) return absl::NotFoundError("not in the store");
  return found->second;
}

absl::Status NotHead() {
  return absl::AbortedError("another epoch or member came first");
}
absl::Status NoEpoch() {
  return absl::NotFoundError("no such epoch");
}

}  // namespace

absl::StatusOr<StoreHead> MemoryStore::GetHead() {
  if (content_.epochs.empty()) return NoEpoch();
  const EpochData& newest = content_.epochs.back();
  uint64_t messages = 0;
  for (const EpochData& epoch : content_.epochs) messages += epoch.messages.size();
  return StoreHead{content_.epochs.size() - 1, newest.id, newest.members_version, messages};
}

bool MemoryStore::IsHead(const StoreHead& expected) {
  const auto head = GetHead();
  return head.ok() && head->epoch_id == expected.epoch_id &&
         head->members_version == expected.members_version;
}

absl::Status MemoryStore::CommitEpoch(const std::optional<StoreHead>& expected, const EpochCommit& commit) {
  const bool fits = expected.has_value() ? IsHead(*expected) : content_.epochs.empty();
  if (!fits || commit.sequence != content_.epochs.size()) return NotHead();
  EpochData epoch{commit.id, {commit.opening, commit.backward_edge}, {}, {}, {}, 0};
  for (const MemberRow& row : commit.members) epoch.members[row.id] = row.bytes;
  for (const MemberRow& row : commit.deliveries) epoch.deliveries[row.id] = row.bytes;
  content_.epochs.push_back(std::move(epoch));
  return absl::OkStatus();
}

absl::StatusOr<StoredEpoch> MemoryStore::GetEpoch(uint64_t sequence) {
  if (sequence >= content_.epochs.size()) return NoEpoch();
  return content_.epochs[sequence].stored;
}

absl::StatusOr<Bytes> MemoryStore::GetDelivery(uint64_t sequence, const Id& member) {
  if (sequence >= content_.epochs.size()) return NoEpoch();
  return Find(content_.epochs[sequence].deliveries, member);
}

absl::StatusOr<std::vector<MemberRow>> MemoryStore::ListMembers(uint64_t sequence) {
  if (sequence >= content_.epochs.size()) return NoEpoch();
  std::vector<MemberRow> rows;
  for (const auto& [id, entry] : content_.epochs[sequence].members) rows.push_back({id, entry});
  return rows;
}

absl::StatusOr<Bytes> MemoryStore::GetMember(uint64_t sequence, const Id& member) {
  if (sequence >= content_.epochs.size()) return NoEpoch();
  return Find(content_.epochs[sequence].members, member);
}

absl::Status MemoryStore::AddMember(const StoreHead& expected, const MemberRow& row) {
  if (!IsHead(expected)) return NotHead();
  content_.epochs.back().members[row.id] = row.bytes;
  ++content_.epochs.back().members_version;
  return absl::OkStatus();
}

absl::Status MemoryStore::AppendMessage(const Id& epoch, const StoredMessage& message) {
  if (content_.epochs.empty() || content_.epochs.back().id != epoch) return NotHead();
  content_.epochs.back().messages.push_back(message);
  return absl::OkStatus();
}

absl::StatusOr<MessagePage> MemoryStore::ReadMessages(uint64_t sequence, uint64_t after, size_t limit) {
  if (sequence >= content_.epochs.size()) return NoEpoch();
  const auto& messages = content_.epochs[sequence].messages;
  const size_t from = std::min<size_t>(after, messages.size());
  const size_t to = std::min(from + limit, messages.size());
  MessagePage page{{}, to, to == messages.size()};
  for (size_t i = from; i < to; ++i) page.messages.push_back(messages[i]);
  return page;
}

absl::Status MemoryStore::PutBundle(const Id& virtual_device, ByteView bundle) {
  content_.bundles[virtual_device] = ToBytes(bundle);
  return absl::OkStatus();
}

absl::StatusOr<Bytes> MemoryStore::GetBundle(const Id& virtual_device) {
  return Find(content_.bundles, virtual_device);
}

absl::StatusOr<std::vector<Id>> MemoryStore::ListBundles() {
  std::vector<Id> ids;
  for (const auto& [id, bundle] : content_.bundles) ids.push_back(id);
  return ids;
}

absl::Status MemoryStore::PutInvitation(const Id& device, ByteView invitation) {
  content_.invitations[device] = ToBytes(invitation);
  return absl::OkStatus();
}

absl::StatusOr<Bytes> MemoryStore::GetInvitation(const Id& device) {
  return Find(content_.invitations, device);
}

}  // namespace labrec::testing
