#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

#include "hsm/base/hash.h"
#include "hsm/base/p256.h"
#include "hsm/device.h"
#include "tests/simulation/world/dice.h"

namespace labrec::sim {

// What a realm has on a device, and what stays there over power cuts: two keys, and the parts of a freshness
// anchor in both its shapes (NV counter, MAC key and claim index of a TPM; per-epoch keys and claim objects
// of a PKCS#11 token). In this process's memory: a model of a device, see docs/adr.
struct Chip {
  explicit Chip(uint64_t seed);

  struct RatchetKey {
    uint64_t epoch = 0;
    uint64_t nonce = 0;
    uint64_t parent_nonce = 0;
    Bytes secret;
  };

  Dice dice;  // the device's random generator
  P256Scalar evaluation_key;
  P256Point public_key;
  Bytes derivation_key;
  // As on a TPM.
  Bytes mac_key;
  uint64_t counter = 1;
  Bytes claim;
  // As on a token.
  std::vector<RatchetKey> ratchet;
  std::vector<uint64_t> claims;
};

// The way from a host to the chip. Commands are atomic; what lies between two of them is not.
class Bus {
 public:
  enum class Kind { kReads, kWrites };
  virtual ~Bus() = default;
  // Lets the chip do `act` and tells how that went; or says an error instead, whether it was done or not.
  virtual absl::Status Command(const char* what, Kind kind, absl::FunctionRef<absl::Status()> act) = 0;
};

enum class AnchorShape { kCounter, kRatchet };

// Opens the realm on the chip, as one process does. Both outlive the result.
std::unique_ptr<hsm::Device> OpenChip(Chip& chip, Bus& bus, AnchorShape shape, int parallelism);

}  // namespace labrec::sim
