#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace labrec::recovery {

struct HttpsRequest {
  std::string url;                    // "https://..."
  std::filesystem::path authorities;  // PEM file of root certificates; empty: the system's
  std::chrono::seconds patience{10};  // for all of it
  size_t longest = size_t{1} << 20;   // of the body, in bytes
};

// The body of a 200 answer to a GET, by libcurl. Only TLS (1.2 or newer), the server's certificate and name
// verified; no redirect is followed, so that nobody else answers for the host that was named. UNAVAILABLE,
// saying what went wrong; CANCELLED once `stop` is set. Any thread; blocks.
absl::StatusOr<std::string> HttpsGet(const HttpsRequest& request, const std::atomic<bool>& stop);

}  // namespace labrec::recovery
