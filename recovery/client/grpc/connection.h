#pragma once

#include <memory>

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include "recovery/api/v1/recovery.grpc.pb.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {

// What RealmChannel keeps of gRPC; for the files of this folder.
struct RealmChannel::Connection {
  explicit Connection(const std::shared_ptr<grpc::Channel>& channel)
      : stub(v1::Recovery::NewStub(channel)), generic(channel) {}
  std::unique_ptr<v1::Recovery::Stub> stub;
  grpc::GenericStub generic;  // for messages that are bytes already
};

}  // namespace labrec::recovery::client
