#include <gtest/gtest.h>

#include "tests/contract/contract_suites.h"

namespace labrec::hsm::contract {
namespace {

SecretBytes DeriveOk(Device& device, ByteView message) {
  absl::StatusOr<SecretBytes> derived = device.derivation_key()->Derive(message);
  EXPECT_TRUE(derived.ok()) << derived.status();
  return derived.ok() ? *std::move(derived) : SecretBytes();
}

TEST_P(DerivationKeyContract, IsAFunctionOfTheMessage) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  Bytes message = ToBytes("record: one, and some bytes after it");
  const SecretBytes first = DeriveOk(*device, message);
  EXPECT_EQ(first.size(), 32U);
  EXPECT_TRUE(DeriveOk(*device, message).Equals(first.view()));
  for (size_t i = 0; i < message.size(); ++i) {
    message[i] ^= 1;
    EXPECT_FALSE(DeriveOk(*device, message).Equals(first.view())) << "byte " << i;
    message[i] ^= 1;
  }
  message.push_back(0);
  EXPECT_FALSE(DeriveOk(*device, message).Equals(first.view()));
}

TEST_P(DerivationKeyContract, TakesUpTo1024Bytes) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  for (const size_t size : {1U, 63U, 64U, 65U, 1000U, 1023U, 1024U}) {
    EXPECT_EQ(DeriveOk(*device, Bytes(size, 'r')).size(), 32U) << size;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(device->derivation_key()->Derive(Bytes(1025, 'r')).status()));
  EXPECT_EQ(DeriveOk(*device, ToBytes("record")).size(), 32U);  // still usable
}

// 1024 bytes are not cut or hashed first: the last byte matters.
TEST_P(DerivationKeyContract, EveryByteOfALongMessageCounts) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  Bytes message(1024, 'r');
  const SecretBytes first = DeriveOk(*device, message);
  message.back() ^= 0x80;
  EXPECT_FALSE(DeriveOk(*device, message).Equals(first.view()));
}

TEST_P(DerivationKeyContract, IsTheSameAfterReopening) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const SecretBytes before = DeriveOk(*device, ToBytes("record"));
  device.reset();
  device = Reopen();
  ASSERT_NE(device, nullptr);
  EXPECT_TRUE(DeriveOk(*device, ToBytes("record")).Equals(before.view()));
}

TEST_P(DerivationKeyContract, EachRealmHasItsOwn) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const SecretBytes first = DeriveOk(*device, ToBytes("record"));
  device.reset();
  const auto other = dut_->Provision(DeviceRoles{}, ToBytes("contract-realm-2"));
  ASSERT_TRUE(other.ok()) << other.status();
  const auto second = dut_->Open(*other);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_FALSE(DeriveOk(**second, ToBytes("record")).Equals(first.view()));
}

}  // namespace
}  // namespace labrec::hsm::contract
