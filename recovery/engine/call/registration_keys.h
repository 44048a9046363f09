#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "hsm/base/hash.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// Names registrations that are begun and have no row: what nobody signed leaves nothing behind. A version's
// nonce and its registration id follow from eight random bytes, which stand in the id, and from a key of this
// run; so Finish finds the nonce again, and takes no id of an earlier run or of another version. The key is
// in locked memory and is replaced every five minutes, the last two are good: a registration may be finished
// for at least five minutes, and its nonce can be computed for ten at most. docs/protocol.md, "Registering".
// A key that is too old is dropped by the next call, of whichever account. Deleting a record ends the ids
// that were given for it: a finished version's nonce would be computed again else, and the key that the
// deletion erased would come back with guesses of its own. Any thread.
class RegistrationKeys {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes kLifetime{5};

  RegistrationKeys() = default;

  struct Begun {
    RegistrationId id{};
    Nonce nonce{};
  };
  // A fresh one, so that no nonce answers more than the evaluations of one Begin before it is finished.
  Begun Begin(const RecordName& name, uint32_t version, Time now);
  // The nonce of the registration of this version that has this id; nullopt if it was not begun in this run,
  // or too long ago.
  std::optional<Nonce> Find(const RecordName& name, uint32_t version, const RegistrationId& id, Time now);
  // No id that Begin gave for this record until now is found any more. To be called before its row goes.
  void RecordDeleted(const RecordName& name, Time now);

 private:
  struct Deletion {
    uint64_t number = 0;  // its own
    int64_t period = 0;
  };
  void Replace(Time now);
  const Deletion* FindDeletion(const RecordName& name) const;
  bool IsInForce(const Deletion& deletion) const;

  std::mutex mutex_;
  std::array<SecretBytes, 2> keys_;     // newest first; empty: none
  int64_t period_ = 0;                  // of the newest, in lifetimes
  std::map<Digest, Deletion> deleted_;  // by the record's row, while ids depend on it
  uint64_t deletions_ = 0;
};

}  // namespace labrec::recovery
