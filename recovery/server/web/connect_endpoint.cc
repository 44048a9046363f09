#include "recovery/server/web/connect_endpoint.h"

#include <optional>
#include <utility>

#include <google/protobuf/wrappers.pb.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/server/service/call.h"
#include "recovery/server/transport/unknown_methods.h"
#include "recovery/server/web/connect_error.h"
#include "recovery/server/web/connect_request.h"

namespace labrec::recovery {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

constexpr char kRecovery[] = "/connect/labyrinth.recovery.v1.Recovery/";
constexpr char kHealthCheck[] = "/connect/grpc.health.v1.Health/Check";
constexpr char kRecoveryName[] = "labyrinth.recovery.v1.Recovery";

HttpAnswer Message(const google::protobuf::MessageLite& message) {
  return {200, {{"content-type", "application/proto"}}, message.SerializeAsString()};
}

absl::Status Unreadable() {
  return absl::InvalidArgumentError("the body is no message of this method");
}

// A call that came over HTTP; ends itself.
template <typename Request, typename Response>
class ConnectCall final : public Call::Wire {
 public:
  ConnectCall(std::unique_ptr<HttpExchange> exchange, const Cors& cors, Traffic& traffic, Call::Time deadline)
      : exchange_(std::move(exchange)), cors_(cors), traffic_(traffic), deadline_(deadline) {}

  Request request;
  Response response;

  std::vector<std::string_view> Authorizations() const override {
    return exchange_->request().Values("authorization");
  }
  Call::Time Deadline() const override { return deadline_; }
  std::shared_ptr<const std::atomic<bool>> Gone() const override { return exchange_->gone(); }
  void Finish(const absl::Status& status, std::optional<int64_t> retry_after_ms) override {
    HttpAnswer answer = status.ok() ? Message(response) : ConnectError(status, retry_after_ms);
    cors_.Permit(exchange_->request(), answer);
    exchange_->Answer(std::move(answer), [&traffic = traffic_] { traffic.Leave(); });
    delete this;
  }
  // Before the call begins.
  void AnswerAtDeadline() {
    if (deadline_ == Call::Time::max()) return;
    HttpAnswer late =
        ConnectError(absl::DeadlineExceededError("the call's time is over; it may have been done"), {});
    cors_.Permit(exchange_->request(), late);
    exchange_->SetDeadline(deadline_, std::move(late));
  }

 private:
  const std::unique_ptr<HttpExchange> exchange_;
  const Cors& cors_;
  Traffic& traffic_;
  const Call::Time deadline_;
};

void Answer(const Cors& cors, HttpExchange& exchange, HttpAnswer answer) {
  cors.Permit(exchange.request(), answer);
  exchange.Answer(std::move(answer), [] {});
}

}  // namespace

template <typename Request, typename Response>
ConnectEndpoint::Method ConnectEndpoint::Of(
    const char* name, absl::Status (RecoveryService::*method)(const Call&, const Request&, Response*)) {
  return [this, name, method](std::unique_ptr<HttpExchange> exchange) {
    const auto deadline = ConnectDeadline(exchange->request(), std::chrono::steady_clock::now());
    if (!deadline.ok()) return Answer(cors_, *exchange, ConnectError(deadline.status(), {}));
    auto request = std::make_unique<Request>();
    if (!request->ParseFromString(exchange->request().body)) {
      return Answer(cors_, *exchange, ConnectError(Unreadable(), {}));
    }
    auto* const wire = new ConnectCall<Request, Response>(std::move(exchange), cors_, traffic_, *deadline);
    wire->request = std::move(*request);
    wire->AnswerAtDeadline();
    Call(*wire, name, traffic_).Run([this, method, wire](const Call& call) {
      return (service_.*method)(call, wire->request, &wire->response);
    });
  };
}

ConnectEndpoint::ConnectEndpoint(RecoveryService& service, Traffic& traffic, std::set<std::string> origins)
    : service_(service), traffic_(traffic), cors_(std::move(origins)) {
#define LABREC_METHOD(name) methods_[absl::StrCat(kRecovery, #name)] = Of(#name, &RecoveryService::name);
  LABREC_RECOVERY_METHODS(LABREC_METHOD)
#undef LABREC_METHOD
  methods_[kHealthCheck] = [this](std::unique_ptr<HttpExchange> exchange) {
    CheckHealth(std::move(exchange));
  };
}

void ConnectEndpoint::Handle(std::unique_ptr<HttpExchange> exchange) const {
  const HttpRequest& request = exchange->request();
  const auto found = methods_.find(request.target);
  if (found == methods_.end()) {
    return Answer(cors_, *exchange, ConnectRefusal(404, kNoSuchMethod));
  }
  if (request.method == "OPTIONS") return exchange->Answer(cors_.Preflight(request), [] {});
  HttpAnswer refusal;
  if (!IsUnaryCall(request, refusal)) return Answer(cors_, *exchange, std::move(refusal));
  found->second(std::move(exchange));
}

// grpc.health.v1's messages have the bytes of these wrappers: HealthCheckRequest {string service = 1},
// HealthCheckResponse {ServingStatus status = 1}, with 1 for serving and 2 for not serving.
void ConnectEndpoint::CheckHealth(std::unique_ptr<HttpExchange> exchange) const {
  google::protobuf::StringValue service;
  if (!service.ParseFromString(exchange->request().body)) {
    return Answer(cors_, *exchange, ConnectError(Unreadable(), {}));
  }
  if (!service.value().empty() && service.value() != kRecoveryName) {
    return Answer(cors_, *exchange, ConnectError(absl::NotFoundError("there is no such service"), {}));
  }
  google::protobuf::UInt32Value status;
  status.set_value(healthy_ ? 1 : 2);
  Answer(cors_, *exchange, Message(status));
}

}  // namespace labrec::recovery
