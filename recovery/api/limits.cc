#include "recovery/api/limits.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"

namespace labrec::recovery {

absl::Status CheckGuessLimit(std::string_view what, uint32_t guesses) {
  if (IsGuessLimit(guesses)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(AbslView(what), ": must be 1 to ", kMostGuesses, ", not ", guesses));
}

}  // namespace labrec::recovery
