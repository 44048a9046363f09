#include "tests/explorer/mutant.h"

#include <algorithm>
#include <array>

namespace labrec::recovery::explorer {
namespace {

constexpr std::array<std::string_view, static_cast<size_t>(Mutant::kCount)> kNames = {
    "count-own-only",
    "refill-all",
    "forget-all",
    "one-limit",
    "destroy-all",
    "start-full",
    "start-with-spent",
    "start-with-used-up",
    "start-with-active",
    "start-with-oldest",
    "start-as-before",
    "activation-counts",
    "activation-keeps-begun",
    "pending-keys-speak",
    "revoke-device-only",
    "begin-with-row",
    "lower-newest-only",
    "success-forgets-time",
    "discarded-is-new",
    "discard-keeps-pending"};

}  // namespace

Mutant MutantOf(std::string_view name) {
  return static_cast<Mutant>(std::ranges::find(kNames, name) - kNames.begin());
}

std::string_view NameOf(Mutant mutant) {
  return kNames.at(static_cast<size_t>(mutant));
}

}  // namespace labrec::recovery::explorer
