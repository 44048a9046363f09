#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "hsm/base/p256.h"
#include "recovery/client/core/step.h"
#include "tests/hostile/plan.h"

namespace labrec::hostile {

// What the host of a liar with a chip says of that chip. It has the whole machine: what it cannot do is sign
// by the attestation key what the chip does not say, and take a key out of the chip.
class ChipTricks {
 public:
  using Reply = recovery::client::core::Reply;
  using CallStep = recovery::client::core::CallStep;
  // What the realm itself does with the call; asked or not.
  using Truth = std::function<const Reply&()>;
  // What the realm with the certified chip shows of itself.
  using Identity = std::function<Reply()>;

  explicit ChipTricks(uint32_t guess_limit) : guess_limit_(guess_limit) {}

  // nullopt: this call is answered as it is.
  std::optional<Reply> Answer(ChipTrick trick, const CallStep& call, const Truth& truth,
                              const Identity& certified);
  // Whether this realm's key for the version was one outside of the chip.
  bool IsOutsideOfChip(size_t realm, uint32_t version) const { return outside_.contains({realm, version}); }

 private:
  std::optional<Reply> Identified(ChipTrick trick, const CallStep& call, const Truth& truth,
                                  const Identity& certified);
  std::optional<Reply> WithFewUses(const CallStep& call, const Truth& truth) const;
  std::optional<Reply> Unwritten(const CallStep& call, const Truth& truth);
  std::optional<Reply> ByKeyOutside(const CallStep& call, const Truth& truth);

  const uint32_t guess_limit_;
  const P256Scalar outside_key_ = P256Scalar::ReduceToNonZero(Bytes(48, 0x5A));
  std::set<std::pair<size_t, uint32_t>> outside_;
  std::map<size_t, Bytes> contents_;  // the latest statement of each realm's chip about an index
};

}  // namespace labrec::hostile
