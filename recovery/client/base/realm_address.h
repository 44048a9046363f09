#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec::recovery::client {

// Where a realm is, and how to know it.
struct RealmAddress {
  Bytes id;                                         // 16 bytes; part of everything that is signed
  std::string name;                                 // how messages call it
  std::string address;                              // "host:port", "[v6]:port" or "unix:/path"
  std::string ca_pem;                               // certificates it may be signed by
  std::string server_name;                          // the certificate's name if it is not the address's host
  std::optional<std::filesystem::path> token_file;  // with a token for it
};

// The realms of a platform, in share order: shares are given out at x = 1, 2, 3, ... in this order.
struct RealmList {
  std::vector<RealmAddress> realms;
  std::optional<uint32_t> threshold;       // what the list recommends
  std::vector<std::string> token_command;  // prints a token for the realm whose id is its last argument
};

// Reads a realm list:
//
//   threshold = 2
//   token_command = ["chat", "token"]   # optional; for the realms without token_file
//   [[realm]]
//   id = "00112233445566778899aabbccddeeff"
//   name = "alpha"
//   address = "alpha.example:7443"
//   ca_certificate = "alpha-ca.pem"     # relative to the list
//   server_name = "alpha.internal"      # optional
//   token_file = "alpha.jwt"            # optional
//
// INVALID_ARGUMENT with file, line and key of what is wrong: an unknown or missing key, a wrong type, an id
// that is no 32 hexadecimal digits or stands there twice, no realm, more than 16, a threshold out of range.
// Certificates are read, tokens are not. The list is as trusted as a program: it names one to run.
absl::StatusOr<RealmList> LoadRealmList(const std::filesystem::path& path);
// The same from a text; `path` is what messages name and relative paths start from.
absl::StatusOr<RealmList> ParseRealmList(std::string_view toml, const std::filesystem::path& path);

// The threshold that holds where nobody names one: more than half of the realms.
inline uint32_t Majority(size_t realms) {
  return static_cast<uint32_t>(realms / 2 + 1);
}

}  // namespace labrec::recovery::client
