#include "tests/integration/server/api_call.h"

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace labrec::test {
namespace {

constexpr char kPrefix[] = "/connect/labyrinth.recovery.v1.Recovery/";
constexpr std::string_view kTrailer = "trailer-";

// connectrpc.com/docs/protocol, "Error codes": gRPC's, in lower case.
grpc::StatusCode CodeNamed(const std::string& name) {
  static const std::map<std::string, grpc::StatusCode> kCodes = {
      {"canceled", grpc::StatusCode::CANCELLED},
      {"invalid_argument", grpc::StatusCode::INVALID_ARGUMENT},
      {"deadline_exceeded", grpc::StatusCode::DEADLINE_EXCEEDED},
      {"not_found", grpc::StatusCode::NOT_FOUND},
      {"permission_denied", grpc::StatusCode::PERMISSION_DENIED},
      {"resource_exhausted", grpc::StatusCode::RESOURCE_EXHAUSTED},
      {"failed_precondition", grpc::StatusCode::FAILED_PRECONDITION},
      {"aborted", grpc::StatusCode::ABORTED},
      {"unimplemented", grpc::StatusCode::UNIMPLEMENTED},
      {"internal", grpc::StatusCode::INTERNAL},
      {"unavailable", grpc::StatusCode::UNAVAILABLE},
      {"data_loss", grpc::StatusCode::DATA_LOSS},
      {"unauthenticated", grpc::StatusCode::UNAUTHENTICATED}};
  const auto found = kCodes.find(name);
  return found == kCodes.end() ? grpc::StatusCode::UNKNOWN : found->second;
}

}  // namespace

grpc::Status ConnectErrorOf(const HttpMessage& answer) {
  const auto error = nlohmann::json::parse(answer.body, nullptr, false);
  if (!error.is_object()) return {grpc::StatusCode::UNKNOWN, absl::StrCat("HTTP ", answer.status)};
  return {CodeNamed(error.value("code", "")), error.value("message", "")};
}

ApiCall::ApiCall(Place place, const std::optional<std::string>& authorization,
                 std::chrono::milliseconds patience)
    : place_(std::move(place)), authorization_(authorization), patience_(patience) {
  context_.set_deadline(std::chrono::system_clock::now() + patience);
  context_.set_wait_for_ready(true);
  if (authorization) context_.AddMetadata("authorization", *authorization);
}

void ApiCall::Cancel() {
  if (place_.way == Way::kGrpc) return context_.TryCancel();
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (connection_) connection_->Abort();
}

std::optional<HttpMessage> ApiCall::Exchange(const std::string& bytes) {
  auto opened = HttpConnection::Open(place_.web_address);
  if (!opened.ok()) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    if (cancelled_) return std::nullopt;
    connection_.emplace(*std::move(opened));
  }
  connection_->Send(bytes);
  return connection_->Read();
}

grpc::Status ApiCall::RunConnect(const google::protobuf::Message& request,
                                 google::protobuf::Message* response) {
  std::string method = request.GetDescriptor()->name();
  method.resize(method.size() - std::string("Request").size());
  std::string fields = absl::StrCat("Content-Type: application/proto\r\nConnect-Protocol-Version: 1\r\n",
                                    "Connect-Timeout-Ms: ", patience_.count(), "\r\n");
  if (authorization_) absl::StrAppend(&fields, "Authorization: ", *authorization_, "\r\n");
  std::string body;
  if (!request.SerializeToString(&body)) return {grpc::StatusCode::INTERNAL, "cannot be serialized"};
  const auto answer = Exchange(PostRequest(kPrefix + method, fields, body));
  if (!answer) {
    const std::lock_guard lock(mutex_);
    return {cancelled_ ? grpc::StatusCode::CANCELLED : grpc::StatusCode::UNAVAILABLE, "no answer"};
  }
  for (const auto& [name, value] : answer->fields) {
    if (name.starts_with(kTrailer)) trailer_[name.substr(kTrailer.size())] = value;
  }
  if (answer->status != 200) return ConnectErrorOf(*answer);
  const bool read = response->ParseFromString(answer->body);
  return read ? grpc::Status::OK : grpc::Status(grpc::StatusCode::INTERNAL, "the answer is no message");
}

}  // namespace labrec::test
