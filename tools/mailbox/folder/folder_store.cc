#include "tools/mailbox/folder/folder_store.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include <fcntl.h>

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "tools/mailbox/folder/epoch_files.h"
#include "tools/mailbox/folder/folder_lock.h"

namespace labrec::mailbox {
namespace {

namespace fs = std::filesystem;
using recovery::labyrinth::EpochCommit;
using recovery::labyrinth::MemberRow;
using recovery::labyrinth::MessagePage;
using recovery::labyrinth::ParseId;
using recovery::labyrinth::StoredEpoch;
using recovery::labyrinth::StoredMessage;
using recovery::labyrinth::StoreHead;

constexpr unsigned kFileMode = 0600;

absl::Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(), "cannot make the folder " + folder.string());
}

absl::Status SyncFolder(const fs::path& folder) {
  const UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.ok() && fsync(fd.get()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "cannot make durable " + folder.string());
}

absl::StatusOr<EpochFile> ReadEpochFile(const fs::path& folder) {
  LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(folder / "epoch"));
  return EpochFile::Parse(content);
}

absl::StatusOr<MembersFile> ReadMembersFile(const fs::path& folder) {
  LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(folder / "members"));
  return MembersFile::Parse(content);
}

std::optional<uint64_t> SequenceOf(const fs::path& name) {
  const std::string text = name.filename().string();
  uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (text.size() != 20 || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return sequence;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FolderStore>> FolderStore::Open(const fs::path& folder) {
  for (const char* name : {"epochs", "bundles", "invitations"}) {
    LABREC_RETURN_IF_ERROR(MakeFolder(folder / name));
  }
  return std::unique_ptr<FolderStore>(new FolderStore(folder));
}

fs::path FolderStore::EpochFolder(uint64_t sequence) const {
  char name[21];
  std::snprintf(name, sizeof name, "%020llu", static_cast<unsigned long long>(sequence));
  return folder_ / "epochs" / name;
}

MessageLog& FolderStore::LogOf(uint64_t sequence) {
  return logs_.try_emplace(sequence, EpochFolder(sequence) / "messages").first->second;
}

absl::StatusOr<uint64_t> FolderStore::NewestSequence() const {
  std::optional<uint64_t> newest;
  std::error_code error;
  for (fs::directory_iterator entry(folder_ / "epochs", error), end; !error && entry != end;
       entry.increment(error)) {
    newest = std::max(newest, SequenceOf(entry->path()));
  }
  if (error) return absl::ErrnoToStatus(error.value(), "cannot list the epochs");
  if (!newest.has_value()) return absl::NotFoundError("there is no mailbox in this store yet: run init");
  return *newest;
}

absl::StatusOr<std::optional<StoreHead>> FolderStore::PlainHead() const {
  const auto sequence = NewestSequence();
  if (absl::IsNotFound(sequence.status())) return std::nullopt;
  LABREC_RETURN_IF_ERROR(sequence.status());
  LABREC_ASSIGN_OR_RETURN(const EpochFile epoch, ReadEpochFile(EpochFolder(*sequence)));
  LABREC_ASSIGN_OR_RETURN(const MembersFile members, ReadMembersFile(EpochFolder(*sequence)));
  return StoreHead{*sequence, epoch.id, members.version, 0};
}

absl::StatusOr<StoreHead> FolderStore::GetHead() {
  LABREC_ASSIGN_OR_RETURN(std::optional<StoreHead> head, PlainHead());
  if (!head.has_value()) return absl::NotFoundError("there is no mailbox in this store yet: run init");
  for (uint64_t sequence = 0; sequence <= head->sequence; ++sequence) {
    LABREC_ASSIGN_OR_RETURN(const uint64_t count, LogOf(sequence).Count());
    head->message_count += count;
  }
  return *head;
}

absl::Status FolderStore::RequireHead(const std::optional<StoreHead>& expected) const {
  LABREC_ASSIGN_OR_RETURN(const std::optional<StoreHead> head, PlainHead());
  const bool fits = head.has_value() == expected.has_value() &&
                    (!head.has_value() || (head->epoch_id == expected->epoch_id &&
                                           head->members_version == expected->members_version));
  return fits ? absl::OkStatus() : absl::AbortedError("another epoch or member came first");
}

absl::Status FolderStore::CommitEpoch(const std::optional<StoreHead>& expected, const EpochCommit& commit) {
  LABREC_ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::Take(folder_));
  LABREC_RETURN_IF_ERROR(RequireHead(expected));
  if (commit.sequence != (expected.has_value() ? expected->sequence + 1 : 0)) {
    return absl::InvalidArgumentError("an epoch's number is one more than the newest one's");
  }
  const fs::path unfinished = folder_ / "epochs" / "unfinished";
  std::error_code error;
  fs::remove_all(unfinished, error);  // of a writer that died
  LABREC_RETURN_IF_ERROR(MakeFolder(unfinished));
  const EpochFile epoch{commit.id, {commit.opening, commit.backward_edge}, commit.deliveries};
  const MembersFile members{0, commit.members};
  LABREC_RETURN_IF_ERROR(WriteFile(unfinished / "epoch", epoch.Encode(), kFileMode, Overwrite::kRefuse));
  LABREC_RETURN_IF_ERROR(WriteFile(unfinished / "members", members.Encode(), kFileMode, Overwrite::kRefuse));
  if (std::rename(unfinished.c_str(), EpochFolder(commit.sequence).c_str()) != 0) {
    return absl::ErrnoToStatus(errno, "cannot put the epoch in its place");
  }
  return SyncFolder(folder_ / "epochs");
}

absl::StatusOr<StoredEpoch> FolderStore::GetEpoch(uint64_t sequence) {
  LABREC_ASSIGN_OR_RETURN(EpochFile epoch, ReadEpochFile(EpochFolder(sequence)));
  return std::move(epoch.stored);
}

absl::StatusOr<Bytes> FolderStore::GetDelivery(uint64_t sequence, const Id& member) {
  LABREC_ASSIGN_OR_RETURN(const EpochFile epoch, ReadEpochFile(EpochFolder(sequence)));
  return FindRow(epoch.deliveries, member);
}

absl::StatusOr<std::vector<MemberRow>> FolderStore::ListMembers(uint64_t sequence) {
  LABREC_ASSIGN_OR_RETURN(MembersFile members, ReadMembersFile(EpochFolder(sequence)));
  return std::move(members.members);
}

absl::StatusOr<Bytes> FolderStore::GetMember(uint64_t sequence, const Id& member) {
  LABREC_ASSIGN_OR_RETURN(const MembersFile members, ReadMembersFile(EpochFolder(sequence)));
  return FindRow(members.members, member);
}

absl::Status FolderStore::AddMember(const StoreHead& expected, const MemberRow& row) {
  LABREC_ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::Take(folder_));
  LABREC_RETURN_IF_ERROR(RequireHead(expected));
  const fs::path folder = EpochFolder(expected.sequence);
  LABREC_ASSIGN_OR_RETURN(MembersFile members, ReadMembersFile(folder));
  members.Put(row);
  return WriteFile(folder / "members", members.Encode(), kFileMode, Overwrite::kReplace);
}

absl::Status FolderStore::AppendMessage(const Id& epoch, const StoredMessage& message) {
  LABREC_ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::Take(folder_));
  LABREC_ASSIGN_OR_RETURN(const std::optional<StoreHead> head, PlainHead());
  if (!head.has_value() || head->epoch_id != epoch) return absl::AbortedError("another epoch came first");
  return LogOf(head->sequence).Append(message);
}

absl::StatusOr<MessagePage> FolderStore::ReadMessages(uint64_t sequence, uint64_t after, size_t limit) {
  return LogOf(sequence).Read(after, limit);
}

absl::Status FolderStore::PutBundle(const Id& virtual_device, ByteView bundle) {
  return WriteFile(folder_ / "bundles" / Hex(virtual_device), bundle, kFileMode, Overwrite::kReplace);
}

absl::StatusOr<Bytes> FolderStore::GetBundle(const Id& virtual_device) {
  return ReadFile(folder_ / "bundles" / Hex(virtual_device));
}

absl::StatusOr<std::vector<FolderStore::Id>> FolderStore::ListBundles() {
  std::vector<Id> ids;
  std::error_code error;
  for (fs::directory_iterator entry(folder_ / "bundles", error), end; !error && entry != end;
       entry.increment(error)) {
    const auto bytes = FromHex(entry->path().filename().string());
    const auto id = bytes.ok() ? ParseId(*bytes) : std::nullopt;
    if (id.has_value()) ids.push_back(*id);
  }
  if (error) return absl::ErrnoToStatus(error.value(), "cannot list the bundles");
  return ids;
}

absl::Status FolderStore::PutInvitation(const Id& device, ByteView invitation) {
  return WriteFile(folder_ / "invitations" / Hex(device), invitation, kFileMode, Overwrite::kReplace);
}

absl::StatusOr<Bytes> FolderStore::GetInvitation(const Id& device) {
  return ReadFile(folder_ / "invitations" / Hex(device));
}

}  // namespace labrec::mailbox
