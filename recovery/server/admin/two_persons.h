#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include <sys/types.h>

#include "absl/status/statusor.h"

#include "recovery/server/admin/socket.h"

namespace labrec::recovery {

// What one person alone may not do ([admin] two_persons_minutes): the second one gives the same command
// within that time. In memory: after a restart both ask again. Threads: any.
class TwoPersons {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // 0: one person is enough.
  explicit TwoPersons(std::chrono::minutes within) : within_(within) {}

  // Whether `what` may be done now, asked for by `peer`: OK with "" where one person is enough, and with
  // "asked for by uid 1000 too" where another one asked before; that is used up by it. FAILED_PRECONDITION:
  // it was only noted, and nothing is to be done.
  absl::StatusOr<std::string> Agree(const std::string& what, const Peer& peer, Time now);

 private:
  struct Asked {
    uid_t person = 0;
    Time at;
  };

  const std::chrono::minutes within_;
  std::mutex mutex_;
  std::map<std::string, Asked> asked_;  // what no second person asked for yet
};

}  // namespace labrec::recovery
