#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/hash.h"
#include "recovery/client/device_key.h"
#include "recovery/client/grpc/proto.h"
#include "recovery/client/grpc/realm_set.h"
#include "recovery/client/realm_report.h"

namespace labrec::recovery::client {

// An epoch floor as one realm gave it. The signature over it was checked; whether `device` is one that the
// reader trusts is for the reader to judge: a lying realm can sign a floor with a key of its own.
struct RealmFloor {
  std::string realm;
  uint64_t sequence = 0;
  Digest digest{};
  EcdsaPublicKey device;
};

// DATA_LOSS if a field is malformed, the device id is not the key's, or the signature is not the device's
// over the request that raised the floor at this realm.
absl::StatusOr<RealmFloor> CheckFloor(const RealmSet& realms, size_t realm, const std::string& record,
                                      const v1::Floor& floor);
void SortHighestFirst(std::vector<RealmFloor>& floors);

// Raises the floor of a record at every realm; kGood where it now stands there (or stood there already).
std::vector<RealmReport> RaiseFloor(const RealmSet& realms, const std::string& record, uint64_t sequence,
                                    const Digest& digest, const DeviceKey& device);

struct FloorReading {
  std::vector<RealmFloor> floors;  // highest first
  std::vector<RealmReport> reports;
};
// What the realms have as floor, for an enrolled device.
FloorReading ReadFloor(const RealmSet& realms, const std::string& record, const DeviceKey& device);

}  // namespace labrec::recovery::client
