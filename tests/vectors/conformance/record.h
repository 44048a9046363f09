#pragma once

#include <cstdint>
#include <string>

#include "hsm/base/secret_bytes.h"
#include "recovery/api/record_config.h"

namespace labrec::conformance {

// A version of the example's record, the same in every run: what realms of the kit hold.
struct KitRecord {
  recovery::RecordConfig config;
  Bytes config_bytes;
  Bytes commitment;
  Bytes sealed_secret;
  SecretBytes s;

  uint32_t version() const { return config.version; }
  Bytes UnlockSpki(ByteView realm_id) const;
};

// A realm's evaluation key of a version.
Bytes KitRealmKey(size_t realm, uint32_t version);

// What version 1 is: the worked example of docs/protocol.md, its sealed secret included.
KitRecord ExampleRecord();
// A version after it: another PIN, salt and s; cheap stretching; the same secret. `threshold` of 3.
KitRecord LaterRecord(uint32_t version, std::string_view pin, uint32_t threshold = 2);

// The same as version 2, whose guesses the realms' chips count (chip.h).
KitRecord ChipRecord(std::string_view pin);

// What all seal.
Bytes KitSecret();

}  // namespace labrec::conformance
