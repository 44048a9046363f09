#pragma once

#include <memory>

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {

// What RealmChannel keeps of gRPC; for the files of this folder.
struct RealmChannel::Connection {
  explicit Connection(const std::shared_ptr<grpc::Channel>& channel) : stub(channel) {}
  grpc::GenericStub stub;  // messages are the core's bytes
};

}  // namespace labrec::recovery::client
