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
};

}  // namespace labrec::recovery::client
