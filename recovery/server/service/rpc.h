#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "recovery/server/service/call.h"

namespace labrec::recovery {

// Until when the caller waits; time_point::max() without a deadline.
Call::Time DeadlineOf(const grpc::CallbackServerContext& context);

// A call that came over gRPC: its wire, and the reactor that gRPC is given. The wire lives as long as gRPC
// needs it: until the answer was written, or the client is gone.
struct Rpc {
  Call call;
  grpc::ServerUnaryReactor* reactor;
};
Rpc NewRpc(grpc::CallbackServerContext* context, const char* method, Traffic& traffic);

// Starts a call: see Call::Run.
template <typename Start>
grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext* context, const char* method, Traffic& traffic,
                                Start start) {
  const Rpc rpc = NewRpc(context, method, traffic);
  rpc.call.Run(std::move(start));
  return rpc.reactor;
}

}  // namespace labrec::recovery
