#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// What a challenge was made for. Without a record: a signed request; with one: Unlock of that version.
struct ChallengeScope {
  std::string_view tenant;
  std::string_view account;
  std::string_view record = {};
  uint32_t version = 0;
};

// The challenges that wait for their signature, in memory: a restart voids them. Each is good once, for 60
// seconds, and for its scope only. An account that asks for more than kMostPerAccount, and a realm that is
// asked for more than its limit, forget the oldest first: nobody is refused, and who lost one asks again.
// Any thread.
class ChallengeTable {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kLifetime{60};
  static constexpr size_t kMostPerAccount = 256;

  explicit ChallengeTable(size_t limit) : limit_(limit == 0 ? 1 : limit) {}

  // 32 fresh random bytes.
  Challenge Issue(const ChallengeScope& scope, Time now);
  // True once per challenge: if it was issued for this scope and is not too old. It is gone afterwards, also
  // if the scope was another.
  bool Consume(const ChallengeScope& scope, ByteView challenge, Time now);

  size_t size() const;

 private:
  struct Entry {
    Digest scope;
    Digest account;
    Time expires;
  };
  struct ChallengeHash {  // challenges are random: any eight bytes do
    size_t operator()(const Challenge& challenge) const;
  };

  void ForgetOld(Time now);
  void ForgetOldest();
  void MakeRoomForAccount(const Digest& account);

  const size_t limit_;
  mutable std::mutex mutex_;
  std::unordered_map<Challenge, Entry, ChallengeHash> entries_;
  std::deque<std::pair<Challenge, Digest>> issued_;  // oldest first, with the account; consumed ones too
  std::unordered_map<Challenge, std::deque<Challenge>, ChallengeHash> by_account_;  // key: account hash
};

}  // namespace labrec::recovery
