#include "tools/recover/guess_words.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace labrec::recover {
namespace {

using nlohmann::json;
using std::chrono::seconds;

std::string Length(seconds time) {
  if (time >= std::chrono::hours(1) && time % std::chrono::hours(1) == seconds(0)) {
    return absl::StrCat(time / std::chrono::hours(1), " h");
  }
  if (time >= std::chrono::minutes(1) && time % std::chrono::minutes(1) == seconds(0)) {
    return absl::StrCat(time / std::chrono::minutes(1), " min");
  }
  return absl::StrCat(time.count(), " s");
}

std::string Ordinal(size_t number) {
  const size_t tens = number / 10 % 10;
  const char* const endings[] = {"th", "st", "nd", "rd"};
  const size_t digit = number % 10;
  return absl::StrCat(number, tens != 1 && digit <= 3 ? endings[digit] : "th");
}

}  // namespace

std::string ThiefsTries(const pin::Quorum& quorum, uint32_t guess_limit) {
  std::string text = absl::StrCat(quorum.realms == 1 ? "a thief with the token can try "
                                                     : "a thief who asks the realms one by one can try ",
                                  pin::TestablePins(quorum, guess_limit).value_or(0), " PINs");
  for (uint32_t corrupt = 1; corrupt < quorum.threshold; ++corrupt) {
    absl::StrAppend(&text, ", with ", corrupt, corrupt == 1 ? " of them corrupt " : " ",
                    *pin::TestablePins(quorum, guess_limit, corrupt));
  }
  return text;
}

json TestablePinsJson(const pin::Quorum& quorum, uint32_t guess_limit) {
  json numbers = json::array();
  for (uint32_t corrupt = 0; corrupt < quorum.threshold; ++corrupt) {
    numbers.push_back(pin::TestablePins(quorum, guess_limit, corrupt).value_or(0));
  }
  return numbers;
}

std::string DelayWords(const std::vector<seconds>& delays) {
  std::string text;
  for (size_t i = 0; i < delays.size(); ++i) {
    const bool last = i + 1 == delays.size();
    if (delays[i] == seconds(0) && !last) continue;
    const char* const each = i == 0 ? "each wrong PIN" : "each further wrong PIN";
    absl::StrAppend(&text, text.empty() ? "waits " : ", ", Length(delays[i]), " after ",
                    last ? each : absl::StrCat("the ", Ordinal(i + 1)));
  }
  if (std::ranges::all_of(delays, [](seconds delay) { return delay == seconds(0); })) {
    return "does not wait between wrong PINs";
  }
  return text;
}

json SecondsOf(const std::vector<seconds>& delays) {
  json numbers = json::array();
  for (const seconds delay : delays) numbers.push_back(delay.count());
  return numbers;
}

}  // namespace labrec::recover
