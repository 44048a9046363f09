#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "pin/guess_policy.h"

// The rules of guess accounting and authority once more, in few lines and from docs/protocol.md alone: what a
// request does to the rows of an account. Nothing of recovery/record is used, so that a fault there shows.
namespace labrec::sim {

inline constexpr size_t kRecordsOfHousehold = 2;
inline constexpr int kNoDevice = -1;

// A version of a record as its clients can know it.
struct KnownVersion {
  uint32_t number = 0;
  uint32_t serial = 0;  // which registration of the household it is
  uint32_t begun = 0;   // and which of its beginnings: each has a key of its own
  bool active = false;
  uint32_t limit = 0;
  uint32_t spent = 0;
  int registrar = kNoDevice;   // kNoDevice: an unlock key
  std::set<uint32_t> counted;  // elements, since the latest success
  // Its latest refill may be in the realm's memory only: what a crash brings back.
  bool refill_waits = false;
  uint32_t spent_before = 0;
  std::set<uint32_t> counted_before;

  uint32_t left() const { return limit - spent; }
  auto operator<=>(const KnownVersion&) const = default;
};

struct KnownRecord {
  bool there = false;
  bool destroyed = false;
  uint32_t highest = 0;
  uint64_t floor = 0;
  int64_t counted_after_ms = INT64_MIN;  // the latest guess was counted between these two
  int64_t counted_before_ms = INT64_MIN;
  std::vector<KnownVersion> versions;  // usable, by ascending number

  const KnownVersion* Find(uint32_t number) const;
  KnownVersion* Find(uint32_t number);
  auto operator<=>(const KnownRecord&) const = default;
};

struct KnownAccount {
  bool there = false;
  std::set<int> devices;
  std::array<KnownRecord, kRecordsOfHousehold> records;

  auto operator<=>(const KnownAccount&) const = default;
};

struct Signer {
  enum class Kind { kNobody, kDevice, kUnlockKey };
  Kind kind = Kind::kNobody;
  int device = kNoDevice;
  // Of an unlock key: the version that it names, and which registration's key it is.
  size_t record = 0;
  uint32_t version = 0;
  uint32_t serial = 0;
};

struct Request {
  enum class Kind {
    kEvaluate,
    kUnlock,
    kFinish,  // with the Begin before it
    kActivate,
    kEnroll,
    kRevoke,
    kDelete,
    kRaiseFloor,
    kGetFloor,
    kLook,  // GetRecord
    kList,  // ListDevices
    kChip,  // one that a device without counted keys refuses
  };
  Kind kind = Kind::kLook;
  bool thiefs = false;
  size_t record = 0;
  uint32_t version = 0;
  uint32_t serial = 0;  // of the registration that is finished; of the key that unlocks
  uint32_t begun = 0;   // under which of its beginnings it is finished
  uint32_t limit = 0;
  uint32_t element = 0;
  int device = kNoDevice;  // to enrol or revoke
  uint64_t floor = 0;
  bool begins_only = false;  // and does not finish
  bool stale = false;        // finishes under the id of an earlier Begin, of another run perhaps
  Signer signer;
  // When it was sent and answered, by the realm's clock.
  int64_t sent_ms = 0;
  int64_t answered_ms = 0;
};

// What GetRecord shows of a record.
struct Shown {
  struct Version {
    uint32_t number = 0;
    bool active = false;
    uint32_t limit = 0;
    uint32_t left = 0;
    bool by_device = false;
    auto operator<=>(const Version&) const = default;
  };
  bool destroyed = false;
  uint32_t highest = 0;
  uint64_t floor = 0;
  std::vector<Version> versions;
  auto operator<=>(const Shown&) const = default;
};

// What came of a request.
struct Answer {
  enum class Kind {
    kDone,
    kEvaluated,
    kUnlocked,
    kLocked,
    kDestroyed,
    kNotRegistered,
    kFloor,
    kShown,
    kListed,
    kRefused,  // an error that says that nothing was done; at Evaluate also that the version is spent
    kUnknown,  // no answer, or an error after which nobody knows
  };
  Kind kind = Kind::kUnknown;
  uint32_t left = 0;
  uint64_t floor = 0;
  std::vector<uint8_t> point;  // that was evaluated; the rules do not know it
  Shown shown;
  std::set<int> devices;
  std::set<size_t> records;
};

// Whether a refusal tells what the rows are. Where a process may have written what is not anchored yet it
// does not: only what is acknowledged holds.
enum class Refusals { kTellNothing, kTellTheRows };

// The states in which an account may be after the answer, if it was in `before`; none if the answer does not
// fit.
std::vector<KnownAccount> StatesAfter(const KnownAccount& before, const Request& request,
                                      const Answer& answer, const pin::GuessPolicy& policy,
                                      Refusals refusals);

// The states in which the account may be when the process that answered is no more, or another one answers:
// each refill that waits is lost, or not. kMayStillWait: and if not, another crash may lose it.
enum class Waiting { kIsOver, kMayStillWait };
std::vector<KnownAccount> WithRefillsLost(const KnownAccount& account, Waiting waiting);

// After the operator accepted a copy of the rows.
KnownAccount Lowered(KnownAccount account, uint32_t floor);

std::string Text(const Request& request);
std::string Text(const Answer& answer);
std::string Text(const KnownAccount& account);

}  // namespace labrec::sim
