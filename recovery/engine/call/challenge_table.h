#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "hsm/base/secret_bytes.h"
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
//
// A challenge that an evaluation issues may bring its version's seal key back to the Unlock that shows it, so
// that the device need not derive it again. The key is kept wrapped: SHA-256(challenge) and the key XOR
// HKDF(challenge), and the challenge itself is nowhere in this table. It goes with its challenge: at first
// use, after 60 seconds, when it is crowded out; and with its version. Any thread.
class ChallengeTable {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Names a version's keys: SHA-256 of its nonce.
  using VersionId = Digest;
  static constexpr std::chrono::seconds kLifetime{60};
  static constexpr size_t kMostPerAccount = 256;

  explicit ChallengeTable(size_t limit) : limit_(limit == 0 ? 1 : limit) {}

  // A seal key that may come to be kept: made before the evaluation of the version is released, so that who
  // erases the version meanwhile finds it.
  struct KeptKey {
    VersionId version{};
    bool erased = false;
    bool kept = false;
    Digest wrapped{};  // once it is kept

    ~KeptKey() { Wipe(wrapped); }
  };
  std::shared_ptr<KeptKey> Expect(const VersionId& version);

  // 32 fresh random bytes.
  Challenge Issue(const ChallengeScope& scope, Time now);
  // The same; keeps the version's seal key for who shows the challenge, unless it was erased meanwhile.
  Challenge Issue(const ChallengeScope& scope, Time now, std::shared_ptr<KeptKey> key,
                  const SecretBytes& seal_key);

  // What a good challenge brought.
  struct Used {
    VersionId version{};
    SecretBytes seal_key;  // of that version; empty if none was kept
  };
  // Once per challenge: if it was issued for this scope and is not too old. It is gone afterwards, also if
  // the scope was another.
  std::optional<Used> Consume(const ChallengeScope& scope, ByteView challenge, Time now);

  // These versions are erased: their keys are forgotten, also those that are only expected.
  void EraseKeys(const std::vector<VersionId>& versions);
  // Forgets what is too old. What is issued forgets it too; this is for who issues nothing any more.
  void ForgetOld(Time now);
  // When to call that next; nullopt while no key is kept or expected.
  std::optional<Time> NextForgetting(Time now) const;

  size_t size() const;
  size_t kept_keys() const;

 private:
  struct Entry {
    Digest scope;
    Digest account;
    Time expires;
    std::shared_ptr<KeptKey> key;  // may be null
  };
  struct DigestHash {  // any eight bytes of a hash do
    size_t operator()(const Digest& digest) const;
  };

  Challenge IssueLocked(const ChallengeScope& scope, Time now, std::shared_ptr<KeptKey> key,
                        const SecretBytes& seal_key);
  void ForgetOldLocked(Time now);
  void ForgetOldest();
  void MakeRoomForAccount(const Digest& account);

  const size_t limit_;
  mutable std::mutex mutex_;
  std::unordered_map<Digest, Entry, DigestHash> entries_;  // by SHA-256(challenge)
  std::deque<std::pair<Digest, Digest>> issued_;  // oldest first, with the account; consumed ones too
  std::unordered_map<Digest, std::deque<Digest>, DigestHash> by_account_;
  std::unordered_map<VersionId, std::vector<std::weak_ptr<KeptKey>>, DigestHash> by_version_;
  Time swept_;  // when by_version_ was last rid of what is no more
};

}  // namespace labrec::recovery
