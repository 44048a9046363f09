#include "tools/mailbox/folder/message_log.h"

#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "tools/mailbox/folder/unique_fd.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::MessagePage;
using recovery::labyrinth::ParseId;
using recovery::labyrinth::StoredMessage;

constexpr size_t kSizeBytes = 4;
constexpr size_t kMostRecordBytes = 2U << 20;

absl::Status SystemError(const char* what, const std::filesystem::path& path) {
  return absl::ErrnoToStatus(errno, std::string(what) + " " + path.string());
}

// All of the buffer from `offset`; false if the file ends before.
bool ReadAt(int fd, uint64_t offset, std::span<uint8_t> buffer) {
  size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t got =
        pread(fd, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

uint64_t FileSize(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

// The size of the record whose size field stands at `offset`, if the whole record is there.
std::optional<uint64_t> RecordSizeAt(int fd, uint64_t offset, uint64_t file_size) {
  uint8_t field[kSizeBytes];
  if (offset + kSizeBytes > file_size || !ReadAt(fd, offset, field)) return std::nullopt;
  const uint64_t size = Reader(field).U32();
  if (size > kMostRecordBytes || offset + kSizeBytes + size > file_size) return std::nullopt;
  return size;
}

absl::StatusOr<StoredMessage> ParseRecord(ByteView record) {
  Reader reader(record);
  StoredMessage message;
  message.thread = ToString(reader.Lp());
  const auto id = ParseId(reader.Raw(16));
  message.timestamp_ms = static_cast<int64_t>(reader.U64());
  message.sealed = ToBytes(reader.Raw(reader.remaining()));
  if (!reader.ok() || !id.has_value()) return absl::DataLossError("a record of a message log is damaged");
  message.id = *id;
  return message;
}

absl::Status WriteAt(int fd, uint64_t offset, ByteView bytes, const std::filesystem::path& path) {
  if (ftruncate(fd, static_cast<off_t>(offset)) != 0) return SystemError("cannot cut", path);
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return SystemError("cannot write", path);
    done += static_cast<size_t>(put);
  }
  return fdatasync(fd) == 0 ? absl::OkStatus() : SystemError("cannot make durable", path);
}

}  // namespace

void MessageLog::Measure(int fd) {
  const uint64_t file_size = FileSize(fd);
  while (const auto size = RecordSizeAt(fd, seen_.end, file_size)) {
    ++seen_.records;
    seen_.end += kSizeBytes + *size;
  }
}

absl::Status MessageLog::Append(const StoredMessage& message) {
  Writer record;
  record.Lp(message.thread)
      .Raw(message.id)
      .U64(static_cast<uint64_t>(message.timestamp_ms))
      .Raw(message.sealed);
  if (record.bytes().size() > kMostRecordBytes) return absl::InvalidArgumentError("a message is over 2 MiB");
  const UniqueFd fd(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.ok()) return SystemError("cannot open", path_);
  Writer framed;
  framed.U32(static_cast<uint32_t>(record.bytes().size())).Raw(record.bytes());
  Measure(fd.get());
  return WriteAt(fd.get(), seen_.end, framed.bytes(), path_);
}

absl::StatusOr<MessagePage> MessageLog::Read(uint64_t after, size_t limit) const {
  MessagePage page{{}, after, true};
  const UniqueFd fd(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) {
    if (errno == ENOENT) return page;
    return SystemError("cannot open", path_);
  }
  const uint64_t file_size = FileSize(fd.get());
  auto size = RecordSizeAt(fd.get(), page.next, file_size);
  while (size.has_value() && page.messages.size() < limit) {
    Bytes record(*size);
    if (!ReadAt(fd.get(), page.next + kSizeBytes, record)) return SystemError("cannot read", path_);
    LABREC_ASSIGN_OR_RETURN(StoredMessage message, ParseRecord(record));
    page.messages.push_back(std::move(message));
    page.next += kSizeBytes + *size;
    size = RecordSizeAt(fd.get(), page.next, file_size);
  }
  page.last = !size.has_value();
  return page;
}

absl::StatusOr<uint64_t> MessageLog::Count() {
  const UniqueFd fd(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) {
    if (errno == ENOENT) return uint64_t{0};
    return SystemError("cannot open", path_);
  }
  Measure(fd.get());
  return seen_.records;
}

}  // namespace labrec::mailbox
