#pragma once

#include <optional>
#include <string_view>

#include "recovery/api/request_bytes.h"

namespace labrec::conformance {

// A request as the kit writes it down: signatures differ at every run, so they are taken out (their fields
// are empty), and what they are over is said beside.
struct ShownRequest {
  Bytes body;
  std::optional<Bytes> signed_bytes;
};
ShownRequest Show(std::string_view method, const Bytes& body, const recovery::RequestScope& scope);

}  // namespace labrec::conformance
