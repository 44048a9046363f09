// Room for counted keys: ranges, realms beside each other, orphans, the owner's authorisation, a full chip.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tss2/tss2_tpm2_types.h>

#include "hsm/base/file.h"
#include "hsm/tpm2/address.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/realm/storage_key.h"
#include "tests/contract/counted/fixture.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::hsm::contract {
namespace {

using testing::HasSubstr;

class CountedRange : public CountedTest {
 protected:
  std::unique_ptr<tpm2::Context> Connect() { return tpm2::Context::Connect(dut_->tpm().tcti()).value(); }
  std::vector<uint32_t> Indices() { return tpm2::HandlesFrom(*Connect(), TPM2_NV_INDEX_FIRST).value(); }
  size_t Count(uint32_t first) { return tpm2::HandlesFrom(*Connect(), first).value().size(); }

  void SetOwnerAuth(std::string_view text) {
    TPM2B_AUTH auth{};
    auth.size = static_cast<UINT16>(text.size());
    std::copy(text.begin(), text.end(), auth.buffer);
    const auto context = Connect();
    ASSERT_EQ(Esys_HierarchyChangeAuth(context->esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                       ESYS_TR_NONE, &auth),
              TSS2_RC_SUCCESS);
  }
  // An ordinary index of somebody else's.
  void DefineForeign(uint32_t index, uint16_t size) {
    TPM2B_NV_PUBLIC area{};
    area.nvPublic = {index, TPM2_ALG_SHA256, TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA, {}, size};
    const TPM2B_AUTH auth{};
    const auto context = Connect();
    ESYS_TR handle = ESYS_TR_NONE;
    ASSERT_EQ(Esys_NV_DefineSpace(context->esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, &auth, &area, &handle),
              TSS2_RC_SUCCESS);
  }
  absl::StatusOr<CountedKey> Define() { return keys().Define(EcdsaPrivateKey::Generate().public_key()); }
};

TEST_F(CountedRange, TheTrialLeavesNothing) {
  const auto before = Indices();
  OpenKeys();
  EXPECT_EQ(Indices(), before);
  EXPECT_EQ(Count(TPM2_TRANSIENT_FIRST), 2U);
  EXPECT_EQ(Count(TPM2_LOADED_SESSION_FIRST), 1U);
  EXPECT_EQ(Count(TPM2_ACTIVE_SESSION_FIRST), 0U);
}

TEST_F(CountedRange, UsingThemTakesNoSlotForGood) {
  OpenKeys();
  CountedRecord record = MakeRecord(keys(), 30);
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 30);
  EXPECT_FALSE(keys().FinishWrite(record.key, 1, 1, Bytes(64)).ok());
  CountedKey damaged = record.key;
  ASSERT_TRUE(Write(keys(), record, 1).ok());
  damaged.key_private[40] ^= 1;
  EXPECT_FALSE(keys().Evaluate(damaged, P256Point::Generator()).ok());
  EXPECT_EQ(Count(TPM2_TRANSIENT_FIRST), 2U);
  EXPECT_EQ(Count(TPM2_LOADED_SESSION_FIRST), 1U);
  EXPECT_EQ(Count(TPM2_ACTIVE_SESSION_FIRST), 0U);
}

TEST_F(CountedRange, IsConfigurable) {
  OpenKeys("counted-first=0x01900000&counted-indices=4");
  const CountedCapacity empty = keys().Capacity().value();
  EXPECT_EQ(empty.first, 0x01900001U);
  EXPECT_EQ(empty.handles, 3U);
  EXPECT_EQ(empty.used, 0U);
  EXPECT_EQ(empty.free_handles, 3U);
  EXPECT_EQ(Define()->index, 0x01900001U);
  DefineForeign(0x01900002, 8);
  EXPECT_EQ(Define()->index, 0x01900003U);
  EXPECT_EQ(keys().Capacity()->used, 3U);
  EXPECT_EQ(keys().Capacity()->free_handles, 0U);
}

TEST_F(CountedRange, AFullRangeRefuses) {
  OpenKeys("counted-first=0x01900000&counted-indices=3");
  const uint32_t first = Define()->index;
  ASSERT_TRUE(Define().ok());
  const auto before = Indices();
  const absl::Status refused = Define().status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_THAT(refused.message(), HasSubstr("counted-indices"));
  EXPECT_EQ(Indices(), before);
  EXPECT_FALSE(keys().Capacity()->chip_is_full);
  ASSERT_TRUE(keys().Delete(first).ok());
  EXPECT_EQ(Define()->index, first);
}

TEST_F(CountedRange, AFullChipRefuses) {
  OpenKeys();
  const CountedRecord record = MakeRecord(keys(), 2);
  {
    const auto context = Connect();  // as much as fits, then ever smaller
    uint32_t index = 0x01a00000;
    for (UINT16 size = 2048; size >= 8; size /= 2) {
      while (true) {
        TPM2B_NV_PUBLIC area{};
        area.nvPublic = {index++, TPM2_ALG_SHA256, TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE, {}, size};
        const TPM2B_AUTH auth{};
        ESYS_TR handle = ESYS_TR_NONE;
        if (Esys_NV_DefineSpace(context->esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                ESYS_TR_NONE, &auth, &area, &handle) != TSS2_RC_SUCCESS)
          break;
      }
    }
  }
  OpenKeys();  // a chip that is full still serves what is on it
  const auto before = Indices();
  const absl::Status refused = Define().status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_TRUE(keys().Capacity()->chip_is_full);
  EXPECT_EQ(Indices(), before);
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 2);
  ASSERT_TRUE(keys().Delete(record.key.index).ok());
  EXPECT_FALSE(keys().Capacity()->chip_is_full);
  EXPECT_TRUE(Define().ok());
}

// The caller died between Define and its own commit.
TEST_F(CountedRange, OrphansAreListedAndOthersThingsAreNot) {
  OpenKeys("counted-first=0x01900000&counted-indices=20");
  EXPECT_TRUE(keys().List()->empty());
  const CountedRecord record = MakeRecord(keys(), 2);
  const uint32_t orphan = Define()->index;
  DefineForeign(0x01900010, 8);
  OpenKeys("counted-first=0x01900000&counted-indices=20");
  const auto list = keys().List().value();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].index, record.key.index);
  EXPECT_TRUE(list[0].written);
  EXPECT_EQ(list[1].index, orphan);
  EXPECT_FALSE(list[1].written);
  EXPECT_TRUE(absl::IsFailedPrecondition(keys().Delete(0x01900010)));
  EXPECT_TRUE(keys().Delete(orphan).ok());
  EXPECT_EQ(keys().List()->size(), 1U);
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 2);
}

TEST_F(CountedRange, TwoRealmsOnOneTpmDoNotTakeEachOthersForOrphans) {
  OpenKeys();
  const CountedRecord record = MakeRecord(keys(), 2);
  const DeviceState first = state_;
  device_.reset();
  state_ = dut_->Provision({}, ToBytes("contract-realm-2")).value();
  const auto without = Open();
  EXPECT_EQ(without->counted_keys(), nullptr);
  EXPECT_THAT(without->description().no_counted_keys, HasSubstr("another realm"));
  EXPECT_TRUE(without->evaluation_key()->Evaluate({&P256Point::Generator(), 1}).ok());
  OpenKeys("counted-first=0x01900000");
  EXPECT_TRUE(keys().List()->empty());
  EXPECT_TRUE(absl::IsInvalidArgument(keys().Delete(record.key.index)));
  ASSERT_TRUE(Define().ok());
  // The second goes, with the first one's range in its address: nothing of the first is touched.
  device_.reset();
  ASSERT_TRUE(dut_->Deprovision(state_).ok());
  state_ = first;
  OpenKeys();
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 2);
}

TEST_F(CountedRange, DeprovisioningRemovesThem) {
  OpenKeys();
  ASSERT_TRUE(Define().ok());
  ASSERT_TRUE(Define().ok());
  EXPECT_EQ(Indices().size(), 5U);  // counter, claim, mark, two records
  device_.reset();
  ASSERT_TRUE(dut_->Deprovision(state_).ok());
  EXPECT_TRUE(Indices().empty());
}

TEST_F(CountedRange, TheOwnersAuthorisationComesFromAFile) {
  test::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "owner";
  SetOwnerAuth("owner-secret");
  // The storage key must be persistent where the hierarchy is closed.
  ProvisionOptions options = dut_->Options({}, ToBytes("contract-realm-2"));
  options.owner_authorization = SecretBytes::CopyOf(AsBytes("owner-secret"));
  state_ = tpm2::Provision(dut_->address(), options).value();
  device_ = Open();
  EXPECT_EQ(device_->counted_keys(), nullptr);
  EXPECT_THAT(device_->description().no_counted_keys, HasSubstr("owner-auth-source"));
  ASSERT_TRUE(WriteFile(file, AsBytes("wrong\n"), 0600, Overwrite::kReplace).ok());
  device_.reset();
  device_ = Open("owner-auth-source=file:" + file.string());
  EXPECT_EQ(device_->counted_keys(), nullptr);
  EXPECT_TRUE(device_->evaluation_key()->Evaluate({&P256Point::Generator(), 1}).ok());
  ASSERT_TRUE(WriteFile(file, AsBytes("owner-secret\n"), 0600, Overwrite::kReplace).ok());
  OpenKeys("owner-auth-source=file:" + file.string());
  const CountedRecord record = MakeRecord(keys(), 3);
  dut_->Repair();
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 3);
  // The first that needs it on a new connection.
  dut_->Repair();
  const absl::Status certified = OnceAvailable(
      [&] { return device_->attester()->CertifyIndex(record.key.index, 8, AsBytes("nonce")).status(); });
  EXPECT_TRUE(certified.ok()) << certified;
}

TEST_F(CountedRange, CanBeTurnedOff) {
  device_ = Open("counted-indices=0");
  EXPECT_EQ(device_->counted_keys(), nullptr);
  EXPECT_THAT(device_->description().no_counted_keys, HasSubstr("turned off"));
}

TEST(TpmAddress, TakesItsAttributesAndNothingElse) {
  const auto parsed = tpm2::ParseAddress(
      {"tpm2:swtpm:path=/s?counted-first=0x01900000&counted-indices=16&owner-auth-source=file:/etc/o"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->tcti, "swtpm:path=/s");
  EXPECT_EQ(parsed->counted.first, 0x01900000U);
  EXPECT_EQ(parsed->counted.count, 16U);
  EXPECT_EQ(*parsed->owner_auth_file, "/etc/o");
  const auto plain = tpm2::ParseAddress({"tpm2:device:/dev/tpmrm0"});
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->counted.first, 0x01800200U);
  EXPECT_EQ(plain->counted.count, 1024U);
  for (const char* wrong : {"tpm2:",
                            "pkcs11:x",
                            "tpm2:?counted-indices=2",
                            "tpm2:d?",
                            "tpm2:d?counted=1",
                            "tpm2:d?counted-indices=2&counted-indices=3",
                            "tpm2:d?owner-auth-source=file:/a&owner-auth-source=file:/a",
                            "tpm2:d?counted-indices= 2",
                            "tpm2:d?counted-indices=2\n",
                            "tpm2:d?counted-indices=+2",
                            "tpm2:d?counted-first=0x0x01900000",
                            "tpm2:d?counted-first=x",
                            "tpm2:d?counted-first=",
                            "tpm2:d?counted-indices=-1",
                            "tpm2:d?counted-indices=65537",
                            "tpm2:d?counted-first=0x00ffffff",
                            "tpm2:d?counted-first=0x01fffff0",
                            "tpm2:d?counted-first=0x01800100",
                            "tpm2:d?counted-first=0x018000ff&counted-indices=2",
                            "tpm2:d?owner-auth-source=/etc/o",
                            "tpm2:d?owner-auth-source=file:o",
                            "tpm2:d?a=b&counted-indices=1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(tpm2::ParseAddress({wrong}).status())) << wrong;
  }
}

}  // namespace
}  // namespace labrec::hsm::contract
