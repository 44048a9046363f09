#pragma once

#include "recovery/api/v1/recovery.grpc.pb.h"
#include "recovery/server/service/service.h"
#include "recovery/server/watch/traffic.h"

namespace labrec::recovery {

// The client API over gRPC. Threads: gRPC's. Both references outlive it.
class GrpcService : public labyrinth::recovery::v1::Recovery::CallbackService {
 public:
  GrpcService(RecoveryService& service, Traffic& traffic);
  ~GrpcService() override;

 private:
#define LABREC_METHOD(name)                                                             \
  grpc::ServerUnaryReactor* name(grpc::CallbackServerContext* context,                  \
                                 const labyrinth::recovery::v1::name##Request* request, \
                                 labyrinth::recovery::v1::name##Response* response) override;
  LABREC_RECOVERY_METHODS(LABREC_METHOD)
#undef LABREC_METHOD

  RecoveryService& service_;
  Traffic& traffic_;
};

}  // namespace labrec::recovery
