#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace labrec::cli {

// "unix:/absolute/path", "host:port", "[v6]:port".
struct Address {
  bool is_unix = false;
  std::string host;  // or the path
  int port = 0;

  // Whether only this host can reach it.
  bool IsLocal() const;
};

// nullopt if `text` is none of the forms. Pure.
std::optional<Address> ParseAddress(std::string_view text);

}  // namespace labrec::cli
