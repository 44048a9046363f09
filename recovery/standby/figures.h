#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace labrec::recovery {

// What a standby saw when it looked last.
struct StandbyFigures {
  std::string refusal;  // why it could not take over; empty: it could
  uint64_t epoch = 0;   // of the state that was judged last
  uint64_t records = 0;
  uint64_t discontinuities = 0;
  std::string holder;                         // who works on the ledger; empty: nobody
  std::chrono::milliseconds unserved_for{0};  // so long nobody has, or whoever does has been silent
  std::chrono::milliseconds looked_ago{0};
  bool automatic = false;
};

}  // namespace labrec::recovery
