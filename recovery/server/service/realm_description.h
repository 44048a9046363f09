#pragma once

#include <string>
#include <string_view>

#include "pin/guess_policy.h"
#include "recovery/api/v1/recovery.pb.h"
#include "recovery/engine/status.h"
#include "recovery/record/rules/devices.h"

namespace labrec::recovery {

// What stays the same about a realm while the daemon runs.
struct RealmFacts {
  Bytes realm_id;  // 16 bytes
  std::string name;
  Bytes evaluation_public_key;  // compressed point
  FirstDevicePolicy first_device = FirstDevicePolicy::kOpen;
  pin::GuessPolicy guess_policy;
};

// "0.1.0"
std::string SoftwareVersion();

// "open", "token", "admin".
std::string_view PolicyName(FirstDevicePolicy policy);

// The realm as clients see it. Pure; any thread.
void DescribeRealm(const RealmFacts& facts, const EngineStatus& status,
                   labyrinth::recovery::v1::GetRealmResponse* answer);

}  // namespace labrec::recovery
