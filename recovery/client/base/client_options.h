#pragma once

#include <chrono>

namespace labrec::recovery::client {

struct ChannelOptions {
  std::chrono::milliseconds timeout{10'000};  // of one call, its repetitions not included
  int attempts = 4;                           // of a call that may be repeated
};

struct ClientOptions {
  ChannelOptions channel;
  // How long the others are waited for once enough realms have answered (or as long again as that took).
  std::chrono::milliseconds grace{1'000};
  // How long a registration waits for the slowest realm to begin: realms give up what was begun and not
  // finished (chips after 300 s, ledgers no earlier), and all others would have begun for nothing.
  std::chrono::milliseconds begin_limit{120'000};
};

}  // namespace labrec::recovery::client
