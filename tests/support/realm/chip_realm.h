#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"

#include "attestation/verify/ek/trust.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/seal.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/tpm/tpm_proxy.h"

namespace labrec::test {

// A realm whose software TPM counts guesses and has an EK certificate by LocalCa, and clients of the client
// library that believe it. The daemon is the real one, on loopback with TLS.
class ChipRealm {
 public:
  struct Options {
    int counted_indices = 0;  // of the TPM's address; 0: its default
    std::string limits;       // more lines of [limits]
    std::string sections;     // of the configuration, besides
    TpmProxy::Judge judge;    // of the commands of a proxy before the TPM; none: no proxy
  };
  // The daemon is not started yet.
  static absl::StatusOr<std::unique_ptr<ChipRealm>> Make(Options options);

  RealmFixture& fixture() { return *realm_; }
  const attestation::EkTrust& trust() const { return trust_; }
  const std::string& device_uri() const { return device_uri_; }

  struct Account {
    std::string name;
    std::unique_ptr<recovery::client::RealmSet> realms;
    recovery::client::DeviceKey device = recovery::client::DeviceKey::Make();
  };
  // With its device enrolled. Its calls are made once, and not repeated while the realm is away.
  absl::StatusOr<Account> NewAccount(const std::string& name);
  // The connections of a client that starts anew, and that repeats its calls.
  absl::Status Reconnect(Account& account);

  static constexpr std::string_view kSecret = "a secret that must survive";
  static constexpr std::string_view kRightPin = "1234";
  absl::StatusOr<recovery::client::Sealed> Seal(
      const Account& account, uint32_t guess_limit,
      recovery::client::Enforcement enforcement = recovery::client::Enforcement::kChip) const;
  // A registration of this record that goes as far as the chip, and is never finished.
  absl::Status Abandon(const Account& account, const std::string& record) const;
  // Recovers with this PIN: "right", "wrong", "gone", or the error. Whatever the chip has counted is the
  // person's own: at one realm nobody else can say so.
  static std::string Try(const Account& account, std::string_view pin);

  // `labyrinth-admin status`; null if there is no answer.
  nlohmann::json Status();
  // Indices in the chip, as status tells them; waits, at most 20 seconds, until they are `wanted`.
  int UsedAfterAll(int wanted);

 private:
  absl::StatusOr<std::unique_ptr<recovery::client::RealmSet>> Connect(const std::string& account,
                                                                      int attempts);

  std::unique_ptr<RealmFixture> realm_;
  std::unique_ptr<TpmProxy> proxy_;
  attestation::EkTrust trust_;
  std::string device_uri_;
};

}  // namespace labrec::test
