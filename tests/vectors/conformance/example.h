#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hsm/base/ecdsa.h"
#include "hsm/base/hash.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/api/record_config.h"
#include "recovery/api/request_bytes.h"

namespace labrec::conformance {

// The bytes first, first + 1, ...
Bytes Counting(uint8_t first, size_t size);

// The worked example of docs/protocol.md: everything in it that can be computed twice alike. Fixed inputs
// stand for what a client draws at random.
class Example {
 public:
  static constexpr char kTenant[] = "chat.example";
  static constexpr char kAccount[] = "alice";
  static constexpr char kRecord[] = "default";
  static constexpr char kPin[] = "493817";
  static constexpr uint32_t kVersion = 1;
  static constexpr size_t kRealms = 3;

  Example();

  // Names and values in the document's order.
  const std::vector<std::pair<std::string, std::string>>& lines() const { return lines_; }
  static Bytes RealmId(size_t realm);
  // The realm's evaluation key of this version.
  static Bytes RealmKey(size_t realm) { return Bytes(32, static_cast<uint8_t>(realm + 1)); }
  recovery::RequestScope Scope() const { return {realm_id_1_, kTenant, kAccount}; }
  const recovery::RecordConfig& config() const { return config_; }
  const Bytes& config_bytes() const { return config_bytes_; }
  const Digest& digest() const { return digest_; }
  const Bytes& commitment() const { return commitment_; }
  const SecretBytes& s() const { return s_; }
  const EcdsaPublicKey& unlock_key() const { return *unlock_key_; }
  const SecretBytes& encryption_key() const { return encryption_key_; }
  const Bytes& unlock_bytes() const { return unlock_bytes_; }

 private:
  void Put(const std::string& name, const std::string& value) { lines_.emplace_back(name, value); }
  void Hexed(const std::string& name, ByteView bytes);
  void MakeShares();
  void EvaluateAt(size_t i);
  void MakeConfig();
  void MakeKeys();
  void MakeRequests();

  std::vector<std::pair<std::string, std::string>> lines_;
  const Bytes salt_ = Counting(0, 16);
  const Bytes realm_id_1_ = RealmId(0);
  SecretBytes stretched_, input_, s_, encryption_key_;
  std::vector<SecretBytes> shares_;
  std::vector<Bytes> masked_;
  recovery::RecordConfig config_;
  Bytes config_bytes_, commitment_, unlock_bytes_;
  Digest digest_{};
  std::optional<EcdsaPublicKey> unlock_key_;
};

}  // namespace labrec::conformance
