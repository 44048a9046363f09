#include <algorithm>
#include <array>
#include <string_view>

#include "hsm/base/text/json.h"
#include "pin/pin_text.h"
#include "recovery/client/c/views.h"

// What hosts need besides operations: codes of answers, and the form of a PIN.
namespace labrec::recovery::client::c {
namespace {

// gRPC's numbers are positions; Connect has the same codes but OK.
constexpr std::array<std::string_view, 17> kConnectNames = {
    "",          "canceled",        "unknown",           "invalid_argument",   "deadline_exceeded",
    "not_found", "already_exists",  "permission_denied", "resource_exhausted", "failed_precondition",
    "aborted",   "out_of_range",    "unimplemented",     "internal",           "unavailable",
    "data_loss", "unauthenticated",
};
// More than any error of a realm has.
constexpr size_t kLargestError = 64 << 10;

// What the status says where whoever answered speaks neither protocol.
lrc_code CodeOfStatus(int http_status, lrc_code too_many) {
  switch (http_status) {
    case 400:
      return LRC_INTERNAL;
    case 401:
      return LRC_UNAUTHENTICATED;
    case 403:
      return LRC_PERMISSION_DENIED;
    case 404:
      return LRC_UNIMPLEMENTED;
    case 429:
      return too_many;
    case 502:
    case 503:
    case 504:
      return LRC_UNAVAILABLE;
    default:
      return LRC_UNKNOWN;
  }
}

// The code that a Connect error's body has; LRC_OK where it has none.
lrc_code CodeOfBody(ByteView body) {
  if (body.size() > kLargestError) return LRC_OK;
  const nlohmann::json error =
      ParseJson(std::string_view(reinterpret_cast<const char*>(body.data()), body.size()));
  if (!error.is_object()) return LRC_OK;
  const auto code = error.find("code");
  if (code == error.end() || !code->is_string()) return LRC_OK;
  const auto* const name = std::ranges::find(kConnectNames, code->get_ref<const std::string&>());
  if (name == kConnectNames.end()) return LRC_OK;
  return static_cast<lrc_code>(name - kConnectNames.begin());
}

}  // namespace
}  // namespace labrec::recovery::client::c

extern "C" {

namespace c = labrec::recovery::client::c;

lrc_code lrc_connect_code(int http_status, lrc_bytes body) noexcept {
  if (http_status == 200) return LRC_OK;
  const lrc_code said = c::CodeOfBody(c::View(body));
  if (said != LRC_OK) return said;
  if (http_status == 413) return LRC_RESOURCE_EXHAUSTED;  // a proxy's word for a message that is too large
  return c::CodeOfStatus(http_status, LRC_RESOURCE_EXHAUSTED);
}

lrc_code lrc_grpc_code(int http_status, const char* grpc_status) noexcept {
  if (grpc_status == nullptr) {
    // 200 without a status is a stream that broke, which may have done anything.
    return http_status == 200 ? LRC_UNKNOWN : c::CodeOfStatus(http_status, LRC_UNAVAILABLE);
  }
  const std::string_view text = grpc_status;
  const bool is_number = !text.empty() && text.size() <= 2 &&
                         std::ranges::all_of(text, [](char digit) { return digit >= '0' && digit <= '9'; });
  if (!is_number) return LRC_UNKNOWN;
  const int number = text.size() == 1 ? text[0] - '0' : 10 * (text[0] - '0') + (text[1] - '0');
  return number > LRC_UNAUTHENTICATED ? LRC_UNKNOWN : static_cast<lrc_code>(number);
}

lrc_code lrc_pin(lrc_bytes typed, uint8_t* to, size_t room, size_t* size) noexcept {
  *size = 0;
  const auto made = labrec::pin::NormalizePin(c::View(typed));
  if (!made.ok()) return static_cast<lrc_code>(made.status().code());
  *size = made->size();
  if (made->size() <= room) std::ranges::copy(made->view(), to);
  return LRC_OK;
}

}  // extern "C"
