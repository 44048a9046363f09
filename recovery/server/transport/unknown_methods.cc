#include "recovery/server/transport/unknown_methods.h"

namespace labrec::recovery {
namespace {

class Refusal : public grpc::ServerGenericBidiReactor {
 public:
  Refusal() { Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, kNoSuchMethod)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerGenericBidiReactor* UnknownMethods::CreateReactor(grpc::GenericCallbackServerContext*) {
  return new Refusal;
}

}  // namespace labrec::recovery
