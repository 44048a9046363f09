#pragma once

#include <map>
#include <mutex>
#include <tuple>
#include <variant>

#include "absl/status/statusor.h"

#include "hsm/base/p256.h"
#include "recovery/engine/call/done.h"
#include "recovery/engine/chip/work.h"
#include "recovery/engine/commit/request_queue.h"
#include "recovery/ledger/ledger.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// Evaluates elements of chip-enforced versions, which the ledger has counted before. The chip counts again,
// and its word is what holds. The answer is sealed into the row before it leaves, so that the same element is
// answered again without the chip until the guesses are refilled.
//
// A crash between the chip's count and that commit costs a guess: the same element is asked of the chip once
// more. It never gains one.
class ChipEvaluator {
 public:
  struct Parts {
    Bytes realm_id;
    ChipWork& chip;
    Ledger& ledger;
    RequestQueue& queue;
  };
  explicit ChipEvaluator(Parts parts) : parts_(std::move(parts)) {}

  struct Answered {
    P256Point point;
    uint32_t remaining = 0;
  };
  // The index was spent. The version is erased, and the record too if it had no other.
  struct Refused {
    bool destroyed = false;
  };
  using Outcome = std::variant<Answered, Refused>;

  // NOT_FOUND: no such chip-enforced version; FAILED_PRECONDITION: its index is gone from the chip; the
  // device's other errors. Any thread; `done` is called from a thread of the engine.
  void Evaluate(RecordName name, uint32_t version, const P256Point& element, Done<Outcome> done);

 private:
  // On a thread of the device.
  void EvaluateNow(hsm::Device& device, const RecordName& name, uint32_t version, const P256Point& element,
                   const Done<Outcome>& done);
  absl::StatusOr<Bytes> Seal(hsm::Device& device, const RecordName& name, const RecordVersion& version,
                             const Digest& element, const P256Point& point);
  void Keep(const RecordName& name, const RecordVersion& version, CountedAnswer answer,
            const hsm::CountedResult& result, const Done<Outcome>& done);
  void Spend(const RecordName& name, const RecordVersion& version, const Done<Outcome>& done);

  // An answer on its way into the row.
  using Recent = std::tuple<Digest, uint32_t, Digest>;  // row, version, element
  std::optional<P256Point> FindRecent(const Recent& which);

  const Parts parts_;
  std::mutex mutex_;
  std::map<Recent, P256Point> recent_;
};

}  // namespace labrec::recovery
