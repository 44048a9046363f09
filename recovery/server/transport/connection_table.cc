#include "recovery/server/transport/connection_table.h"

#include <optional>

#include <sys/stat.h>

namespace labrec::recovery {
namespace {

// Of the socket; nullopt if the descriptor is closed.
std::optional<ino_t> InodeOf(int fd) {
  struct stat found {};
  if (fstat(fd, &found) != 0) return std::nullopt;
  return found.st_ino;
}

}  // namespace

bool ConnectionTable::Admit(int fd) {
  const std::optional<ino_t> inode = InodeOf(fd);
  if (!inode) return false;
  const std::lock_guard lock(mutex_);
  open_.erase(fd);  // whoever had this number is closed
  if (open_.size() >= limit_) ForgetClosed();
  if (open_.size() >= limit_) return false;
  open_[fd] = *inode;
  return true;
}

size_t ConnectionTable::CountOpen() {
  const std::lock_guard lock(mutex_);
  ForgetClosed();
  return open_.size();
}

void ConnectionTable::ForgetClosed() {
  std::erase_if(open_, [](const auto& connection) { return InodeOf(connection.first) != connection.second; });
}

}  // namespace labrec::recovery
