#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "recovery/api/v1/admin.grpc.pb.h"

namespace labrec::admin {

// The daemon's admin API (admin.proto) over its Unix socket. Errors carry the daemon's message; UNAVAILABLE
// says on which socket nobody answered.
class AdminClient {
 public:
  explicit AdminClient(const std::filesystem::path& socket);

  template <typename Request, typename Response>
  using Method = grpc::Status (labyrinth::recovery::v1::Admin::Stub::*)(grpc::ClientContext*, const Request&,
                                                                        Response*);

  // Waits at most so long for the answer.
  static constexpr std::chrono::seconds kPatience{30};
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(Method<Request, Response> method, const Request& request,
                                std::chrono::seconds patience = kPatience) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    Response response;
    const absl::Status status = FromGrpc(((*stub_).*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

 private:
  absl::Status FromGrpc(const grpc::Status& status) const;

  const std::string socket_;
  const std::unique_ptr<labyrinth::recovery::v1::Admin::Stub> stub_;
};

}  // namespace labrec::admin
