#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include <sys/types.h>

namespace labrec::recovery {

// The connections of a server that bounds them.
struct ConnectionFigures {
  size_t open = 0;
  size_t limit = 0;
  uint64_t refused = 0;  // since the start
};

// The connections that gRPC holds. It owns their descriptors and does not say when it closes one, so the
// table looks: a descriptor still belongs to its connection while it has the inode that it had. Threads: any.
class ConnectionTable {
 public:
  explicit ConnectionTable(size_t limit) : limit_(limit) {}

  // Whether one more connection, `fd`, may be served; if so, it is counted until it is closed.
  bool Admit(int fd);
  // Open now; looks at every one.
  size_t CountOpen();
  size_t limit() const { return limit_; }

 private:
  void ForgetClosed();

  const size_t limit_;
  std::mutex mutex_;
  std::unordered_map<int, ino_t> open_;
};

}  // namespace labrec::recovery
