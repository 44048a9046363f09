#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <grpcpp/client_context.h>

#include "recovery/api/v1/recovery.grpc.pb.h"
#include "tests/support/net/http_connection.h"

namespace labrec::test {

namespace v1 = ::labyrinth::recovery::v1;

// The transports of the client API.
enum class Way { kGrpc, kConnect };

// What an answer other than 200 says, as Connect has it.
grpc::Status ConnectErrorOf(const HttpMessage& answer);

// One call of the client API, over whichever transport. Connect's (docs/web.md) are made by hand, each on a
// connection of its own. Threads: Cancel from any, all else on one.
class ApiCall {
 public:
  // Where calls go; `stub` for gRPC, the address of [web] for Connect.
  struct Place {
    Way way = Way::kGrpc;
    v1::Recovery::Stub* stub = nullptr;
    std::string web_address;
  };

  ApiCall(Place place, const std::optional<std::string>& authorization, std::chrono::milliseconds patience);

  // Once.
  template <typename Request, typename Response>
  grpc::Status Run(grpc::Status (v1::Recovery::Stub::*method)(grpc::ClientContext*, const Request&,
                                                              Response*),
                   const Request& request, Response* response) {
    if (place_.way == Way::kConnect) return RunConnect(request, response);
    const grpc::Status status = (place_.stub->*method)(&context_, request, response);
    for (const auto& [key, value] : context_.GetServerTrailingMetadata()) {
      trailer_[std::string(key.data(), key.size())] = std::string(value.data(), value.size());
    }
    return status;
  }
  // Trailing metadata of the answer.
  const std::map<std::string, std::string>& trailer() const { return trailer_; }
  void Cancel();

 private:
  grpc::Status RunConnect(const google::protobuf::Message& request, google::protobuf::Message* response);
  std::optional<HttpMessage> Exchange(const std::string& bytes);

  const Place place_;
  const std::optional<std::string> authorization_;
  const std::chrono::milliseconds patience_;
  std::map<std::string, std::string> trailer_;
  grpc::ClientContext context_;
  std::mutex mutex_;
  std::optional<HttpConnection> connection_;
  bool cancelled_ = false;
};

}  // namespace labrec::test
