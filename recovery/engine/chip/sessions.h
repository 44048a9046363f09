#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/status.h"

#include "hsm/base/hash.h"
#include "hsm/counted_key.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// The write sessions that clients may use, and who opens the next one. A version has one session at most, as
// the chip has room for a few: whoever asks twice gets the same. An account has two that nobody else's write
// ends yet. Whoever found no room stands in a line: while somebody stands there, only the first may try. Who
// does not come back when told to loses its place. Any thread.
class ChipSessions {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // A session is shown again only so long after it was opened, so that there is time left to use it.
  static constexpr std::chrono::seconds kShownFor{20};
  static constexpr size_t kOfAnAccount = 2;

  std::optional<hsm::WriteSession> Find(const RecordName& name, uint32_t version, Time now) const;

  bool empty() const;
  // `open` are all that the device knows. The others are forgotten, and hold nobody up: they ended with the
  // device's connection, or for newer ones.
  void KeepOnly(const std::vector<uint64_t>& open);
  // OK: the account may ask the chip for a session now. RESOURCE_EXHAUSTED, with the time to come back as
  // payload "retry-after-ms": it has two already, or others have waited longer.
  absl::Status MayOpen(const RecordName& name, Time now);
  // The chip had no room for one more. What to answer, which is RESOURCE_EXHAUSTED as above.
  absl::Status NoRoom(const RecordName& name, Time now);
  // The chip has opened one for this version.
  void Keep(const RecordName& name, uint32_t version, hsm::WriteSession session, Time now);

  // Whether this is the version's session, whatever its age.
  bool Is(const RecordName& name, uint32_t version, uint64_t session) const;
  void Forget(const RecordName& name, uint32_t version);

 private:
  struct Entry {
    Digest account;
    hsm::WriteSession session;
    Time opened;
  };
  struct InLine {
    Digest account;
    Time until;  // it keeps its place
  };
  using Key = std::pair<Digest, uint32_t>;  // row, version

  void ForgetOld(Time now);
  absl::Status StandInLine(const Digest& account, Time now);
  Time OldestIsOldAt(Time now, const std::optional<Digest>& of_account) const;

  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;
  std::deque<InLine> line_;  // an account once
};

}  // namespace labrec::recovery
