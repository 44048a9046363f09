#include "hsm/base/private_access.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace labrec {
namespace {

namespace fs = std::filesystem;

// The kernel's form of an access control list (posix_acl_xattr_header), little endian: a version of four
// bytes, then entries of eight: tag, rights, user or group.
constexpr char kListName[] = "system.posix_acl_access";
constexpr size_t kHeaderSize = 4;
constexpr size_t kEntrySize = 8;
constexpr size_t kLargestList = 4096;
constexpr uint32_t kVersion = 2;
constexpr uint32_t kOwner = 0x01;
constexpr uint32_t kUser = 0x02;
constexpr uint32_t kMask = 0x10;
constexpr uint32_t kOthers = 0x20;

using List = std::array<uint8_t, kLargestList>;

uint32_t Number(const List& list, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= static_cast<uint32_t>(list[at + i]) << (8 * i);
  return value;
}

// Adds the users that the list lets in. False if it lets a group or everybody in, or is of another form.
bool AddUsers(const List& list, size_t size, std::set<uid_t>& users) {
  if (size < kHeaderSize || (size - kHeaderSize) % kEntrySize != 0) return false;
  if (Number(list, 0, kHeaderSize) != kVersion) return false;
  uint32_t mask = 7;
  for (size_t at = kHeaderSize; at < size; at += kEntrySize) {
    if (Number(list, at, 2) == kMask) mask = Number(list, at + 2, 2);
  }
  for (size_t at = kHeaderSize; at < size; at += kEntrySize) {
    const uint32_t tag = Number(list, at, 2);
    const uint32_t rights = Number(list, at + 2, 2) & (tag == kOthers ? 7U : mask);
    if (tag == kOwner || tag == kMask || rights == 0) continue;
    if (tag != kUser) return false;
    users.insert(Number(list, at + 4, 4));
  }
  return true;
}

bool IsBelow(const fs::path& file, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

}  // namespace

bool IsPrivate(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return false;
  std::set<uid_t> users = {info.st_uid};
  List list{};
  const ssize_t size = fgetxattr(fd, kListName, list.data(), list.size());
  if (size < 0) {
    // No list, or a file system that has none: the mode says all.
    return (errno == ENODATA || errno == ENOTSUP) && (info.st_mode & 077) == 0;
  }
  if (!AddUsers(list, static_cast<size_t>(size), users)) return false;
  users.erase(0);
  return users.size() <= 1;
}

bool IsPrivateCredential(const fs::path& file) {
  const char* const named = std::getenv("CREDENTIALS_DIRECTORY");
  if (named == nullptr || named[0] != '/') return false;
  std::error_code error;
  const fs::path folder = fs::canonical(named, error);
  if (error) return false;
  const fs::path place = fs::canonical(file, error);
  if (error || !IsBelow(place, folder)) return false;
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool is_private = IsPrivate(fd);
  close(fd);
  return is_private;
}

}  // namespace labrec
