#pragma once

#include <array>

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"

namespace labrec::recovery::labyrinth {

// An ECDSA P-256 signature, r || s.
using DeviceSignature = std::array<uint8_t, 64>;

// A device key. It signs a device's other two keys once, when they are made; the private key may stay in
// hardware.
class DeviceSigner {
 public:
  virtual ~DeviceSigner() = default;
  virtual const EcdsaPublicKey& public_key() const = 0;
  // ECDSA with SHA-256 over `message`.
  virtual absl::StatusOr<DeviceSignature> Sign(ByteView message) = 0;
};

// A device key in memory.
class SoftwareSigner : public DeviceSigner {
 public:
  explicit SoftwareSigner(EcdsaPrivateKey key) : key_(std::move(key)) {}
  const EcdsaPublicKey& public_key() const override { return key_.public_key(); }
  absl::StatusOr<DeviceSignature> Sign(ByteView message) override { return key_.Sign(message); }

 private:
  EcdsaPrivateKey key_;
};

}  // namespace labrec::recovery::labyrinth
