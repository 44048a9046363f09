#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "hsm/base/ecdsa.h"
#include "hsm/counted_key.h"
#include "tests/contract/contract_suites.h"
#include "tests/contract/swtpm_device.h"

namespace labrec::hsm::contract {

// A client's unlock key and the key that was made for it, as far as it is made.
struct CountedRecord {
  EcdsaPrivateKey unlock_key = EcdsaPrivateKey::Generate();
  CountedKey key;
  bool written = false;
};

// What the client signs for a write of this limit in this session.
std::array<uint8_t, 64> SignWrite(const CountedRecord& record, uint32_t limit, ByteView nonce_tpm);

// Begins, signs, finishes: `granted` uses are left (0: it is retired).
absl::StatusOr<UseCount> Write(CountedKeys& keys, CountedRecord& record, uint32_t granted);

// A key that was defined and granted `limit` uses; the first failure ends the test.
CountedRecord MakeRecord(CountedKeys& keys, uint32_t limit);

// Evaluates a random element and sees that the result is right. True: evaluated, false: spent.
bool EvaluateOnce(CountedKeys& keys, const CountedRecord& record);

// How often that can be done.
int EvaluateUntilSpent(CountedKeys& keys, const CountedRecord& record);

P256Point PublicKeyOf(const CountedKey& key);

// A realm on a swtpm of its own.
class CountedTest : public testing::Test {
 protected:
  void SetUp() override;

  // Opens the device, with what follows '?' in its address.
  std::unique_ptr<Device> Open(const std::string& attributes = "");
  // The same; null counted keys end the test.
  CountedKeys& OpenKeys(const std::string& attributes = "");
  CountedKeys& keys() { return *device_->counted_keys(); }

  std::unique_ptr<SwtpmDevice> dut_;
  DeviceState state_;
  std::unique_ptr<Device> device_;
};

}  // namespace labrec::hsm::contract
