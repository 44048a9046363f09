#include "recovery/server/service/grpc_service.h"

#include "recovery/server/service/rpc.h"

namespace labrec::recovery {

namespace v1 = ::labyrinth::recovery::v1;

// Here and not in the header: whoever makes or destroys a service compiles all that gRPC generated for it.
GrpcService::GrpcService(RecoveryService& service, Traffic& traffic) : service_(service), traffic_(traffic) {}
GrpcService::~GrpcService() = default;

#define LABREC_METHOD(name)                                                                  \
  grpc::ServerUnaryReactor* GrpcService::name(grpc::CallbackServerContext* context,          \
                                              const v1::name##Request* request,              \
                                              v1::name##Response* response) {                \
    return Serve(context, #name, traffic_,                                                   \
                 [&](const Call& call) { return service_.name(call, *request, response); }); \
  }
LABREC_RECOVERY_METHODS(LABREC_METHOD)
#undef LABREC_METHOD

}  // namespace labrec::recovery
