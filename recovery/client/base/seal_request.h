#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "pin/guess_total.h"
#include "pin/stretch.h"
#include "recovery/client/base/chip_trust.h"
#include "recovery/client/base/known_pin.h"
#include "recovery/client/base/record_authority.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

inline constexpr uint32_t kDefaultTotalGuesses = 10;

// How many realms must take part for a registration to go ahead.
enum class Holders { kEveryRealm, kThreshold };

struct SealRequest {
  std::string record;
  uint32_t threshold = 0;  // how many realms bring the secret back; 0: a majority
  // At most so many PINs can be tried, by whoever has the tokens and asks the realms one by one, or has
  // realms of his own beside (pin/guess_total.h). What each realm's limit is follows from it.
  uint32_t total_guesses = kDefaultTotalGuesses;
  pin::GuessThief against = pin::GuessThief::kOutsider;
  std::optional<uint32_t> guess_limit;  // of each realm, 1 to 20, instead of a total
  pin::ArgonParameters argon;
  Holders holders = Holders::kEveryRealm;
  // Who counts; nullopt: as at the newest active version, else the ledgers. A chip that counted is then
  // known by the key that the version's config names, which enough realms offered.
  std::optional<Enforcement> enforcement;
  ChipTrust trust;                     // by what a chip is believed; needed for kChip and kChipOrLedger
  const Retirement* retire = nullptr;  // of the version before, where its unlock keys are known
};

struct Sealed {
  uint32_t version = 0;
  uint32_t threshold = 0;
  uint32_t guess_limit = 0;  // of each realm
  size_t holders = 0;        // realms that hold it: any `threshold` of these bring the secret back
  // Whether max(T, N-T+1) realms have activated it. If not, seal it again: what is only pending falls with
  // the device that registered it, and an older version is dead once fewer than T realms hold it.
  bool complete = false;
  KnownPin pin = KnownPin::kNothingThere;  // kSame: the PIN is that of a version before
  // In share order: kGood where the version is active, kPending where the next recovery will activate it;
  // anything else does not hold it.
  std::vector<RealmReport> reports;
  std::vector<RealmCounting> counting;  // of those that took part
};

// The threshold that this request comes to.
uint32_t ThresholdOf(const SealRequest& request, size_t realms);
// The limit of each of `realms` realms that this request comes to. INVALID_ARGUMENT, saying what would do, if
// it is not 1 to 20, or if the total leaves the realms no guess.
absl::StatusOr<uint32_t> GuessLimitOf(const SealRequest& request, size_t realms);

}  // namespace labrec::recovery::client
