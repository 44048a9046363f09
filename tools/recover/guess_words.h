#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "pin/guess_total.h"

namespace labrec::recover {

// What a record's limit at each realm is worth to a thief with its tokens: "a thief who asks the realms one
// by one can try 10 PINs, with 1 of them corrupt 14".
std::string ThiefsTries(const pin::Quorum& quorum, uint32_t guess_limit);
// The same numbers, the first without corrupt realms, each next one with one more: [10, 14].
nlohmann::json TestablePinsJson(const pin::Quorum& quorum, uint32_t guess_limit);

// How long guesses wait: "waits 1 min after the 4th, 15 min after the 5th, 3 h after each further wrong PIN".
std::string DelayWords(const std::vector<std::chrono::seconds>& delays);
nlohmann::json SecondsOf(const std::vector<std::chrono::seconds>& delays);

}  // namespace labrec::recover
