#pragma once

#include <memory>

#include <grpcpp/channel.h>

#include "recovery/api/v1/recovery.grpc.pb.h"
#include "tests/support/realm/realm_fixture.h"

namespace labrec::test {

// For tests that speak the API themselves: a stub on a connection of its own.
inline std::unique_ptr<labyrinth::recovery::v1::Recovery::Stub> NewStub(const RealmFixture& realm) {
  return labyrinth::recovery::v1::Recovery::NewStub(realm.NewChannel());
}

}  // namespace labrec::test
