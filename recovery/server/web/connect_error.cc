#include "recovery/server/web/connect_error.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "recovery/api/retry_after.h"

namespace labrec::recovery {
namespace {

std::string Body(absl::StatusCode code, const std::string& message) {
  const nlohmann::json body = {{"code", ConnectCode(code)}, {"message", message}};
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

HttpAnswer ErrorAnswer(int http_status, absl::StatusCode code, const std::string& message) {
  return {http_status, {{"content-type", "application/json"}}, Body(code, message)};
}

// What a status of HTTP means to a caller.
absl::StatusCode CodeOf(int http_status) {
  switch (http_status) {
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
    case 405:
    case 415:
    case 501:
      return absl::StatusCode::kUnimplemented;
    case 408:
      return absl::StatusCode::kDeadlineExceeded;
    case 413:
    case 429:
    case 431:
      return absl::StatusCode::kResourceExhausted;
    case 503:
      return absl::StatusCode::kUnavailable;
    default:
      return http_status >= 500 ? absl::StatusCode::kInternal : absl::StatusCode::kInvalidArgument;
  }
}

}  // namespace

std::string ConnectCode(absl::StatusCode code) {
  if (code == absl::StatusCode::kCancelled) return "canceled";
  return absl::AsciiStrToLower(absl::StatusCodeToString(code));
}

int ConnectHttpStatus(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    default:
      return 500;
  }
}

HttpAnswer ConnectError(const absl::Status& status, std::optional<int64_t> retry_after_ms) {
  HttpAnswer answer =
      ErrorAnswer(ConnectHttpStatus(status.code()), status.code(), std::string(status.message()));
  if (retry_after_ms)
    answer.fields.push_back({absl::StrCat("trailer-", kRetryAfter), absl::StrCat(*retry_after_ms)});
  return answer;
}

HttpAnswer ConnectRefusal(int http_status, const std::string& why) {
  return ErrorAnswer(http_status, CodeOf(http_status), why);
}

}  // namespace labrec::recovery
