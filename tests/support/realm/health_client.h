#pragma once

#include "tests/support/realm/realm_fixture.h"

namespace labrec::test {

// What the standard health service (grpc.health.v1) says of the realm.
enum class Health { kUnreachable, kServing, kNotServing };
Health CheckHealth(const RealmFixture& realm);
// Waits, at most 20 seconds, until it says `expected`.
bool WaitForHealth(const RealmFixture& realm, Health expected);

}  // namespace labrec::test
