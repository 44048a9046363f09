#include "hsm/base/pcr_selection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"

namespace labrec {
namespace {

constexpr uint32_t kPcrs = 24;  // PC Client Platform TPM Profile, section 4.6

// TPM 2.0 part 2, section 6.3.
constexpr std::array<std::pair<const char*, uint16_t>, 3> kBanks = {
    {{"sha256", 0x000B}, {"sha384", 0x000C}, {"sha512", 0x000D}}};

absl::Status Wrong(std::string_view text, const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", AbslView(text), "\" selects no PCRs (as \"sha256:0,2,7\" does): ", why));
}

absl::StatusOr<PcrSelection::Bank> ParseBank(std::string_view text, const std::string& part) {
  const std::pair<std::string, std::string> halves = absl::StrSplit(part, absl::MaxSplits(':', 1));
  const auto* const known = std::find_if(kBanks.begin(), kBanks.end(),
                                         [&](const auto& bank) { return halves.first == bank.first; });
  if (known == kBanks.end()) return Wrong(text, "a bank is sha256, sha384 or sha512");
  PcrSelection::Bank bank{known->second, {}};
  for (const absl::string_view word : absl::StrSplit(halves.second, ',')) {
    uint32_t index = 0;
    if (!absl::SimpleAtoi(word, &index) || index >= kPcrs)
      return Wrong(text, "a PCR is a number from 0 to 23");
    bank.indices.push_back(index);
  }
  std::sort(bank.indices.begin(), bank.indices.end());
  if (std::adjacent_find(bank.indices.begin(), bank.indices.end()) != bank.indices.end()) {
    return Wrong(text, "a PCR is named twice");
  }
  return bank;
}

}  // namespace

absl::StatusOr<PcrSelection> PcrSelection::Parse(std::string_view text) {
  PcrSelection selection;
  for (const absl::string_view part : absl::StrSplit(AbslView(text), '+')) {
    LABREC_ASSIGN_OR_RETURN(Bank bank, ParseBank(text, std::string(part)));
    selection.banks.push_back(std::move(bank));
  }
  std::ranges::sort(selection.banks, {}, &Bank::hash);
  if (std::ranges::adjacent_find(selection.banks, {}, &Bank::hash) != selection.banks.end()) {
    return Wrong(text, "a bank is named twice");
  }
  return selection;
}

std::string PcrSelection::ToString() const {
  std::vector<std::string> parts;
  for (const Bank& bank : banks) {
    const auto* const known = std::find_if(kBanks.begin(), kBanks.end(),
                                           [&](const auto& entry) { return bank.hash == entry.second; });
    parts.push_back(absl::StrCat(known == kBanks.end() ? absl::StrCat(bank.hash) : known->first, ":",
                                 absl::StrJoin(bank.indices, ",")));
  }
  return absl::StrJoin(parts, "+");
}

}  // namespace labrec
