#pragma once

#include <set>
#include <string>

#include "recovery/server/transport/http/message.h"

namespace labrec::recovery {

// Which pages' scripts may call (the Fetch standard, "CORS protocol"). A browser asks; nothing else is bound
// by it, and a token is needed all the same. Calls carry no cookies, and none are allowed. Pure; any thread.
class Cors {
 public:
  // "https://app.example", or "*" for every page. Empty: no page of another origin.
  explicit Cors(std::set<std::string> origins) : origins_(std::move(origins)) {}

  // The answer to OPTIONS: 204; without permission where the origin is none of them.
  HttpAnswer Preflight(const HttpRequest& request) const;
  // Lets the page that asked read the answer.
  void Permit(const HttpRequest& request, HttpAnswer& answer) const;

 private:
  const std::set<std::string> origins_;
};

}  // namespace labrec::recovery
