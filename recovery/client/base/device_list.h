#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "hsm/base/ecdsa.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// A device as a realm shows it. What others call it, and when it came, is the realm's word.
struct EnrolledDevice {
  std::array<uint8_t, 16> id{};  // that of its key
  EcdsaPublicKey key;
  std::string name;
  int64_t enrolled_at_ms = 0;  // Unix milliseconds
  std::string enrolled_by;     // who vouched for it
};

// What one realm says of an account's devices.
struct DeviceList {
  RealmReport report;
  std::vector<EnrolledDevice> devices;
  std::vector<std::string> records;  // names of the account's records there
  bool discarded = false;  // the operator accepted restored storage, and the devices from before were dropped
};

}  // namespace labrec::recovery::client
