// What the realm must not keep: after a sealing, a wrong PIN and a recovery, none of the secrets that went
// into or came out of them stands in its files, its logs or its process memory.

#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/open_device.h"
#include "pin/oprf/oprf.h"
#include "pin/pin_input.h"
#include "pin/record_keys.h"
#include "pin/sharing/commitment.h"
#include "pin/sharing/secret_sharing.h"
#include "pin/sharing/share_mask.h"
#include "recovery/api/v1/recovery.pb.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/enroll.h"
#include "recovery/client/recover.h"
#include "recovery/client/seal.h"
#include "recovery/realm/folder.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_key.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/process/process_memory.h"
#include "tests/support/realm/realm_fixture.h"

namespace labrec::recovery {
namespace {

constexpr char kAccount[] = "canary-account-4711";
constexpr char kPin[] = "a-canary-pin-that-stands-nowhere-else";
constexpr char kWrongPin[] = "another-canary-pin-that-is-wrong";

class CanaryTest : public testing::TestWithParam<test::SimulatorKind> {
 protected:
  void SetUp() override {
    test::RealmFixture::Options options;
    options.transport = test::RealmFixture::Transport::kLoopbackTls;
    auto realm = test::RealmFixture::Make(GetParam(), options);
    ASSERT_TRUE(realm.ok()) << realm.status();
    realm_ = *std::move(realm);
    ASSERT_TRUE(realm_->StartDaemon().ok());
  }

  // Seals a secret, tries a wrong PIN, recovers.
  void UseTheRealm() {
    client::RealmSet set("chat", kAccount);
    ASSERT_TRUE(set.Add(Address(), realm_->Token(kAccount)).ok());
    const client::DeviceKey device = client::DeviceKey::Make();
    for (const auto& report : client::EnrollDevice(set, device, "phone", nullptr)) {
      ASSERT_EQ(report.condition, client::RealmCondition::kGood) << report.error;
    }
    const SecretBytes secret = SecretBytes::Random(32);
    canaries_["secret"] = ToBytes(secret.view());
    client::SealRequest seal;
    seal.record = "default";
    const auto sealed = client::Seal(set, seal, secret, SecretBytes::CopyOf(AsBytes(kPin)), device);
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    const auto wrong = client::Recover(set, {"default"}, SecretBytes::CopyOf(AsBytes(kWrongPin)));
    ASSERT_TRUE(wrong.ok() && std::holds_alternative<client::WrongPin>(*wrong));
    const auto recovered = client::Recover(set, {"default"}, SecretBytes::CopyOf(AsBytes(kPin)));
    ASSERT_TRUE(recovered.ok() && std::holds_alternative<client::Recovered>(*recovered));
    canaries_["PIN"] = ToBytes(kPin);
    canaries_["wrong PIN"] = ToBytes(kWrongPin);
  }

  client::RealmAddress Address() const {
    client::RealmAddress address;
    address.id = *FromHex(realm_->realm_id());
    address.name = "oslo";
    address.address = realm_->address();
    address.ca_pem = ToString(*ReadFile(realm_->ca_certificate()));
    return address;
  }

  // The record as the stopped realm keeps it.
  absl::StatusOr<Record> StoredRecord() {
    LABREC_ASSIGN_OR_RETURN(auto store, OpenSqliteStore(RealmFolder(realm_->state()).LedgerPath()));
    std::optional<Record> found;
    LABREC_RETURN_IF_ERROR(store->ForEachRow([&](const RowAddress& address, ByteView row) {
      if (address.key != RecordRowKey({"chat", kAccount, "default"})) return absl::OkStatus();
      auto record = DecodeRecord(row);
      if (record.ok()) found = *record;
      return record.status();
    }));
    if (!found) return absl::NotFoundError("no such record");
    return *found;
  }

  // Everything that only device and client ever hold, computed anew from the device and the PIN.
  absl::Status ComputeCanaries() {
    LABREC_ASSIGN_OR_RETURN(const Record record, StoredRecord());
    const RecordVersion& version = record.versions.back();
    const RealmFolder folder(realm_->state());
    LABREC_ASSIGN_OR_RETURN(const RealmManifest manifest, folder.ReadManifest());
    LABREC_ASSIGN_OR_RETURN(const SecretBytes authorization, folder.ReadDeviceAuth());
    LABREC_ASSIGN_OR_RETURN(auto device,
                            hsm::OpenDevice({realm_->device_uri()}, manifest.device.state, authorization));
    LABREC_ASSIGN_OR_RETURN(const SecretBytes d, device->derivation_key()->Derive(pin::RecordDerivationInput(
                                                     manifest.realm_id, "chat", kAccount, "default",
                                                     version.number, version.nonce)));
    const P256Scalar tweak = pin::RecordTweak(d);
    canaries_["d"] = ToBytes(d.view());
    canaries_["tweak"] = ToBytes(tweak.SecretBytesView());
    canaries_["tweak, little-endian"] = Bytes(canaries_["tweak"].rbegin(), canaries_["tweak"].rend());
    canaries_["seal key"] = ToBytes(pin::SealKey(d).view());

    ::labyrinth::recovery::v1::RecordConfig config;
    if (!config.ParseFromString(ToString(version.config))) return absl::InternalError("unreadable config");
    LABREC_ASSIGN_OR_RETURN(const SecretBytes stretched,
                            pin::Stretch(SecretBytes::CopyOf(AsBytes(kPin)), AsBytes(config.salt()), {}));
    const SecretBytes input = pin::OprfInput("chat", kAccount, "default", version.number, stretched);
    LABREC_ASSIGN_OR_RETURN(const pin::Blinded blinded, pin::Blind(input));
    const std::vector<P256Point> tweaked = {blinded.element.Times(tweak)};
    LABREC_ASSIGN_OR_RETURN(const auto evaluated, device->evaluation_key()->Evaluate(tweaked));
    LABREC_ASSIGN_OR_RETURN(const SecretBytes rho, pin::Finalize(input, blinded.blind, evaluated[0]));
    // With one realm the share is s itself.
    LABREC_ASSIGN_OR_RETURN(const SecretBytes s,
                            pin::UnmaskShare(AsBytes(config.realms(0).masked_share()),
                                             pin::ShareMask(rho, manifest.realm_id, version.number)));
    const Digest digest = Sha256(version.config);
    if (!pin::FitsCommitment(s, digest, version.commitment)) return absl::InternalError("s does not fit");
    canaries_["stretched PIN"] = ToBytes(stretched.view());
    canaries_["rho"] = ToBytes(rho.view());
    canaries_["share"] = ToBytes(s.view());
    canaries_["encryption key"] = ToBytes(pin::EncryptionKey(s, digest).view());
    canaries_["unlock key"] =
        ToBytes(pin::UnlockKey(s, manifest.realm_id, version.number).SecretScalar().SecretBytesView());
    return absl::OkStatus();
  }

  void ExpectNoCanary(const std::string& where, ByteView bytes) const {
    for (const auto& [name, canary] : canaries_) {
      EXPECT_FALSE(test::Holds(bytes, canary)) << "the " << name << " stands in " << where;
      const std::string hex = Hex(canary);
      EXPECT_FALSE(test::Holds(bytes, AsBytes(hex)))
          << "the " << name << " stands, as hexadecimal, in " << where;
    }
  }

  std::unique_ptr<test::RealmFixture> realm_;
  std::map<std::string, Bytes> canaries_;
};

TEST_P(CanaryTest, NothingOfTheSecretsStaysInMemoryFilesOrLogs) {
  UseTheRealm();
  // The memory is copied while the daemon runs, and searched when the device is free to tell the secrets.
  std::vector<std::pair<std::string, Bytes>> memory;
  ASSERT_TRUE(test::VisitMemory(realm_->daemon().pid(), [&](const std::string& region, ByteView bytes) {
                memory.emplace_back("memory " + region, ToBytes(bytes));
              }).ok());
  ASSERT_TRUE(realm_->StopDaemon().ok());
  const absl::Status computed = ComputeCanaries();
  ASSERT_TRUE(computed.ok()) << computed;
  ASSERT_EQ(canaries_.size(), 12U);

  bool account_in_memory = false;  // the search finds what is there
  for (const auto& [region, bytes] : memory) {
    ExpectNoCanary(region, bytes);
    account_in_memory = account_in_memory || test::Holds(bytes, AsBytes(std::string_view(kAccount)));
  }
  EXPECT_TRUE(account_in_memory);

  bool account_in_files = false;
  ASSERT_TRUE(test::VisitFiles(realm_->state(), [&](const std::string& file, ByteView bytes) {
                ExpectNoCanary(file, bytes);
                account_in_files =
                    account_in_files || test::Holds(bytes, AsBytes(std::string_view(kAccount)));
              }).ok());
  EXPECT_TRUE(account_in_files);
  ExpectNoCanary("the log", AsBytes(realm_->Log()));
}

TEST_P(CanaryTest, TheDaemonLeavesNoCore) {
  rlimit limit{};
  ASSERT_EQ(prlimit(realm_->daemon().pid(), RLIMIT_CORE, nullptr, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, 0U);
  EXPECT_EQ(limit.rlim_max, 0U);
}

INSTANTIATE_TEST_SUITE_P(Devices, CanaryTest,
                         testing::Values(test::SimulatorKind::kSwtpm, test::SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace labrec::recovery
