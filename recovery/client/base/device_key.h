#pragma once

#include <filesystem>

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"
#include "recovery/client/base/request_signer.h"

namespace labrec::recovery::client {

// The signing key of one device of an account, kept in a file of mode 0600 (PKCS#8 PEM, not encrypted).
class DeviceKey : public RequestSigner {
 public:
  static DeviceKey Make() { return DeviceKey(EcdsaPrivateKey::Generate()); }
  // NOT_FOUND, FAILED_PRECONDITION if others may read the file, INVALID_ARGUMENT if it holds no P-256 key.
  static absl::StatusOr<DeviceKey> Load(const std::filesystem::path& path);
  // ALREADY_EXISTS if something is there: a key that is gone is gone.
  absl::Status Save(const std::filesystem::path& path) const;

  const EcdsaPublicKey& public_key() const { return key_.public_key(); }
  std::array<uint8_t, 64> SignMessage(ByteView message) const { return key_.Sign(message); }
  RequestSignature Sign(ByteView realm_id, ByteView message) const override;

 private:
  explicit DeviceKey(EcdsaPrivateKey key) : key_(std::move(key)) {}
  EcdsaPrivateKey key_;
};

}  // namespace labrec::recovery::client
