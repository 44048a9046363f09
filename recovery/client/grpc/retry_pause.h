#pragma once

#include <chrono>

namespace labrec::recovery::client {

// How long to wait before repeating something for the (attempt+1)-th time: uniform from 1 ms to a bound that
// starts at 50 ms, doubles with each attempt and ends at 1 s. Clients that failed together come back apart.
std::chrono::milliseconds RetryPause(int attempt);

}  // namespace labrec::recovery::client
