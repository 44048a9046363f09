#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "recovery/api/v1/recovery.pb.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/change_pin.h"
#include "recovery/client/enroll.h"
#include "recovery/client/recover.h"
#include "recovery/client/seal.h"
#include "tests/integration/server/networked_realm.h"
#include "tests/support/realm/realm_proxy.h"

namespace labrec::recovery::client {

namespace v1 = ::labyrinth::recovery::v1;

inline SecretBytes Secret(std::string_view text) {
  return SecretBytes::CopyOf(AsBytes(text));
}

// Three realms on different devices (swtpm, SoftHSM2, swtpm), each behind a proxy that a test can make lie,
// and the phone of account "alice", enrolled at all of them. Threshold 2 unless a test says otherwise.
class ClientWorld : public testing::Test {
 protected:
  static constexpr size_t kRealms = 3;
  static constexpr char kRight[] = "493817";
  static constexpr char kWrong[] = "000000";
  static constexpr char kSecret[] = "a storage key of 32 bytes, no more";

  explicit ClientWorld(EngineOptions options = {}, const EngineRealm::Prepare& prepare = {});

  // A client of its own, with connections of its own, through the proxies.
  std::unique_ptr<RealmSet> NewClient(ClientOptions options = {});

  absl::StatusOr<Sealed> SealAs(const RealmSet& realms, std::string_view pin, std::string_view secret,
                                uint32_t guess_limit = 10, Holders holders = Holders::kEveryRealm);
  absl::StatusOr<RecoverOutcome> RecoverAs(const RealmSet& realms, std::string_view pin);
  // The recovered secret, or what came instead.
  std::string Recovered(std::string_view pin);

  // What a program takes: "realms.toml" with the proxies, certificates and tokens it names, and "phone.key".
  void WriteFiles(const std::filesystem::path& folder);

  std::vector<uint32_t> Remaining();
  // Connects a realm that was disconnected, and waits until it can be reached through its proxy again.
  void Reconnect(size_t i);
  NetworkedRealm& realm(size_t i) { return *realms_[i]; }
  test::RealmProxy& proxy(size_t i) { return *proxies_[i]; }
  const RealmSet& alice() const { return *alice_; }
  const DeviceKey& phone() const { return phone_; }
  const EcdsaPrivateKey& token_key() const { return token_key_; }

 private:
  test::TestCertificate certificate_;
  EcdsaPrivateKey token_key_ = EcdsaPrivateKey::Generate();
  std::vector<std::unique_ptr<NetworkedRealm>> realms_;
  std::vector<std::unique_ptr<test::RealmProxy>> proxies_;
  DeviceKey phone_ = DeviceKey::Make();
  std::unique_ptr<RealmSet> alice_;
};

// "secret: ...", "wrong PIN", "locked", "destroyed", "not registered", or the error.
std::string Describe(const absl::StatusOr<RecoverOutcome>& outcome);
std::string Got(std::string_view secret);  // Describe of a recovery of it
// The conditions of the reports, as "good faulty unreachable".
std::string Conditions(const std::vector<RealmReport>& reports);

}  // namespace labrec::recovery::client
