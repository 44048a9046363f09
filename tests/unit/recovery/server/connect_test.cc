#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/server/web/connect_error.h"
#include "recovery/server/web/connect_request.h"
#include "recovery/server/web/cors.h"

namespace labrec::recovery {
namespace {

std::string Field(const HttpAnswer& answer, const std::string& name) {
  for (const HttpField& field : answer.fields) {
    if (field.name == name) return field.value;
  }
  return "";
}

HttpRequest From(const std::string& origin) {
  HttpRequest request;
  request.method = "OPTIONS";
  request.fields = {{"origin", origin}};
  return request;
}

// connectrpc.com/docs/protocol, "Error codes".
TEST(ConnectError, HasTheCodesNamesAndStatuses) {
  const std::tuple<absl::StatusCode, const char*, int> codes[] = {
      {absl::StatusCode::kCancelled, "canceled", 499},
      {absl::StatusCode::kUnknown, "unknown", 500},
      {absl::StatusCode::kInvalidArgument, "invalid_argument", 400},
      {absl::StatusCode::kDeadlineExceeded, "deadline_exceeded", 504},
      {absl::StatusCode::kNotFound, "not_found", 404},
      {absl::StatusCode::kAlreadyExists, "already_exists", 409},
      {absl::StatusCode::kPermissionDenied, "permission_denied", 403},
      {absl::StatusCode::kResourceExhausted, "resource_exhausted", 429},
      {absl::StatusCode::kFailedPrecondition, "failed_precondition", 400},
      {absl::StatusCode::kAborted, "aborted", 409},
      {absl::StatusCode::kOutOfRange, "out_of_range", 400},
      {absl::StatusCode::kUnimplemented, "unimplemented", 501},
      {absl::StatusCode::kInternal, "internal", 500},
      {absl::StatusCode::kUnavailable, "unavailable", 503},
      {absl::StatusCode::kDataLoss, "data_loss", 500},
      {absl::StatusCode::kUnauthenticated, "unauthenticated", 401}};
  for (const auto& [code, name, http] : codes) {
    EXPECT_EQ(ConnectCode(code), name);
    EXPECT_EQ(ConnectHttpStatus(code), http);
  }
}

TEST(ConnectError, IsJsonWhateverTheMessageHolds) {
  const HttpAnswer answer = ConnectError(absl::UnavailableError("a \"quoted\"\n\xff word"), 250);
  EXPECT_EQ(answer.body, "{\"code\":\"unavailable\",\"message\":\"a \\\"quoted\\\"\\n\xEF\xBF\xBD word\"}");
  EXPECT_EQ(Field(answer, "content-type"), "application/json");
  EXPECT_EQ(Field(answer, "trailer-retry-after-ms"), "250");
  EXPECT_EQ(Field(ConnectError(absl::NotFoundError(""), {}), "trailer-retry-after-ms"), "");
}

TEST(ConnectRequest, TakesUnaryCallsOnly) {
  HttpRequest request;
  request.method = "POST";
  request.fields = {{"content-type", "application/proto"}, {"connect-protocol-version", "1"}};
  HttpAnswer refusal;
  EXPECT_TRUE(IsUnaryCall(request, refusal));
  const auto refused = [&](std::vector<HttpField> fields, const char* method = "POST") {
    request.fields = std::move(fields);
    request.method = method;
    EXPECT_FALSE(IsUnaryCall(request, refusal));
    return refusal.status;
  };
  EXPECT_EQ(refused({{"content-type", "application/proto"}}, "GET"), 405);
  EXPECT_EQ(Field(refusal, "allow"), "POST, OPTIONS");
  EXPECT_EQ(refused({}), 415);
  EXPECT_EQ(refused({{"content-type", "application/json"}}), 415);
  EXPECT_EQ(refused({{"content-type", "application/grpc"}}), 415);
  EXPECT_EQ(refused({{"content-type", "application/connect+proto"}}), 415);
  EXPECT_EQ(refused({{"content-type", "application/proto"}, {"connect-protocol-version", "2"}}), 400);
  EXPECT_EQ(refused({{"content-type", "application/proto"}, {"content-encoding", "gzip"}}), 501);
}

TEST(ConnectRequest, ReadsTheTimeout) {
  const auto now = std::chrono::steady_clock::now();
  HttpRequest request;
  EXPECT_EQ(*ConnectDeadline(request, now), std::chrono::steady_clock::time_point::max());
  request.fields = {{"connect-timeout-ms", "1500"}};
  EXPECT_EQ(*ConnectDeadline(request, now), now + std::chrono::milliseconds(1500));
  for (const char* wrong : {"-1", "1s", "12345678901", "1.5", " "}) {
    request.fields = {{"connect-timeout-ms", wrong}};
    EXPECT_FALSE(ConnectDeadline(request, now).ok()) << wrong;
  }
}

TEST(Cors, PermitsTheOriginsThatItIsGivenAndNoOthers) {
  const Cors cors({"https://app.example", "https://web.example"});
  const HttpAnswer good = cors.Preflight(From("https://app.example"));
  EXPECT_EQ(good.status, 204);
  EXPECT_EQ(Field(good, "access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(Field(good, "access-control-allow-methods"), "POST");
  EXPECT_EQ(Field(good, "access-control-allow-headers"),
            "authorization, content-type, connect-protocol-version, connect-timeout-ms");
  EXPECT_EQ(Field(good, "access-control-max-age"), "7200");
  EXPECT_EQ(Field(good, "vary"), "origin");
  EXPECT_EQ(Field(good, "access-control-allow-credentials"), "");
  for (const char* other :
       {"https://app.example.evil", "http://app.example", "null", "", "https://APP.example"}) {
    const HttpAnswer refused = cors.Preflight(From(other));
    EXPECT_EQ(refused.status, 204);
    EXPECT_EQ(Field(refused, "access-control-allow-origin"), "") << other;
    EXPECT_EQ(Field(refused, "access-control-allow-methods"), "") << other;
    EXPECT_EQ(Field(refused, "vary"), "origin");
  }
}

TEST(Cors, LetsThePageReadTheAnswerAndWhenToComeBack) {
  HttpAnswer answer;
  Cors({"*"}).Permit(From("https://any.example"), answer);
  EXPECT_EQ(Field(answer, "access-control-allow-origin"), "*");
  EXPECT_EQ(Field(answer, "access-control-expose-headers"), "trailer-retry-after-ms");
  HttpAnswer none;
  Cors({}).Permit(From("https://any.example"), none);
  EXPECT_TRUE(none.fields.empty());
}

}  // namespace
}  // namespace labrec::recovery
