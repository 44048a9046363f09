#include "recovery/server/web/connect_request.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

#include "hsm/base/absl_view.h"
#include "recovery/server/web/connect_error.h"

namespace labrec::recovery {
namespace {

constexpr std::string_view kProto = "application/proto";
constexpr size_t kMostDigits = 10;

// Without parameters, of which protobuf has none that matter.
bool IsProto(std::string_view type) {
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(AbslView(type.substr(0, type.find(';')))),
                                AbslView(kProto));
}

}  // namespace

bool IsUnaryCall(const HttpRequest& request, HttpAnswer& refusal) {
  if (request.method != "POST") {
    refusal = ConnectRefusal(405, "calls are sent by POST");
    refusal.fields.push_back({"allow", "POST, OPTIONS"});
    return false;
  }
  if (!IsProto(request.Value("content-type"))) {
    refusal = ConnectRefusal(415, "the content type of calls is application/proto");
    refusal.fields.push_back({"accept-post", std::string(kProto)});
    return false;
  }
  const std::string_view version = request.Value("connect-protocol-version");
  if (!version.empty() && version != "1") {
    refusal = ConnectRefusal(400, "connect-protocol-version: only 1 is spoken here");
    return false;
  }
  const std::string_view coding = request.Value("content-encoding");
  if (!coding.empty() && coding != "identity") {
    refusal = ConnectRefusal(501, "content-encoding: messages are not compressed");
    return false;
  }
  return true;
}

absl::StatusOr<std::chrono::steady_clock::time_point> ConnectDeadline(
    const HttpRequest& request, std::chrono::steady_clock::time_point now) {
  const std::string_view value = request.Value("connect-timeout-ms");
  if (value.empty()) return std::chrono::steady_clock::time_point::max();
  uint64_t millis = 0;
  if (value.size() > kMostDigits || value.find_first_not_of("0123456789") != std::string::npos ||
      !absl::SimpleAtoi(AbslView(value), &millis)) {
    return absl::InvalidArgumentError("connect-timeout-ms is no number of at most ten digits");
  }
  return now + std::chrono::milliseconds(millis);
}

}  // namespace labrec::recovery
