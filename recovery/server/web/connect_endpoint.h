#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "recovery/server/service/service.h"
#include "recovery/server/transport/http/exchange.h"
#include "recovery/server/watch/traffic.h"
#include "recovery/server/web/cors.h"

namespace labrec::recovery {

// The client API as web pages call it: Connect's unary calls (connectrpc.com/docs/protocol), "POST
// /connect/labyrinth.recovery.v1.Recovery/METHOD" with a message of protobuf's binary form, and
// "/connect/grpc.health.v1.Health/Check". docs/web.md has all of it. The handler of an HttpServer. Threads:
// any. `service` and `traffic` outlive it, and it outlives its server.
class ConnectEndpoint {
 public:
  ConnectEndpoint(RecoveryService& service, Traffic& traffic, std::set<std::string> origins);

  void Handle(std::unique_ptr<HttpExchange> exchange) const;
  // What Health/Check answers.
  void SetHealthy(bool healthy) { healthy_ = healthy; }

 private:
  using Method = std::function<void(std::unique_ptr<HttpExchange>)>;
  template <typename Request, typename Response>
  Method Of(const char* name,
            absl::Status (RecoveryService::*method)(const Call&, const Request&, Response*));
  void CheckHealth(std::unique_ptr<HttpExchange> exchange) const;

  RecoveryService& service_;
  Traffic& traffic_;
  const Cors cors_;
  std::map<std::string, Method, std::less<>> methods_;  // by their path
  std::atomic<bool> healthy_ = false;
};

}  // namespace labrec::recovery
