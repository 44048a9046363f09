#pragma once

#include <grpcpp/generic/async_generic_service.h>

namespace labrec::recovery {

// What the caller of a method that is not there is told, whichever the transport: so a client of another
// version of the protocol, whose methods have other names or another package, hears more than a code.
inline constexpr char kNoSuchMethod[] =
    "there is no such method here: client and server are of different versions, and the older one has to be "
    "updated";

// Answers each call of a method that no service has: UNIMPLEMENTED, kNoSuchMethod. It reads no message.
// Threads: gRPC's.
class UnknownMethods : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;
};

}  // namespace labrec::recovery
