#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hsm/base/ecdsa.h"
#include "hsm/base/hash.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// An epoch floor as one realm gave it. The signature over it was checked; whether `device` is one that the
// reader trusts is for the reader to judge: a lying realm can sign a floor with a key of its own.
struct RealmFloor {
  std::string realm;
  uint64_t sequence = 0;
  Digest digest{};
  EcdsaPublicKey device;
};

struct FloorReading {
  std::vector<RealmFloor> floors;  // highest first
  std::vector<RealmReport> reports;
};

}  // namespace labrec::recovery::client
