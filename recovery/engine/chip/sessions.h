#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>

#include "hsm/base/hash.h"
#include "hsm/counted_key.h"

namespace labrec::recovery {

// The write sessions that clients may use. A version has one at most, as the chip has room for a few: whoever
// asks twice gets the same. Any thread.
class ChipSessions {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // A session is shown again only so long after it was opened, so that there is time left to use it.
  static constexpr std::chrono::seconds kShownFor{20};

  std::optional<hsm::WriteSession> Find(const Digest& row, uint32_t version, Time now) const;
  void Keep(const Digest& row, uint32_t version, hsm::WriteSession session, Time now);
  // Whether this is the version's session, whatever its age.
  bool Is(const Digest& row, uint32_t version, uint64_t session) const;
  void Forget(const Digest& row, uint32_t version);

 private:
  struct Entry {
    hsm::WriteSession session;
    Time opened;
  };
  void ForgetOld(Time now);

  mutable std::mutex mutex_;
  std::map<std::pair<Digest, uint32_t>, Entry> entries_;
};

}  // namespace labrec::recovery
