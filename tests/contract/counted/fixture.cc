#include "tests/contract/counted/fixture.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/index_write.h"
#include "hsm/tpm_wire/public_key.h"
#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::hsm::contract {

std::array<uint8_t, 64> SignWrite(const CountedRecord& record, uint32_t limit, ByteView nonce_tpm) {
  const auto before = record.written ? tpm::Written::kYes : tpm::Written::kNo;
  return tpm::SignIndexWrite(record.unlock_key, {record.key.index, before, limit}, nonce_tpm).value();
}

absl::StatusOr<UseCount> Write(CountedKeys& keys, CountedRecord& record, uint32_t granted) {
  LABREC_ASSIGN_OR_RETURN(const UseCount before, keys.ReadUse(record.key));
  const uint32_t limit = granted == 0 ? 0 : before.count + granted;
  LABREC_ASSIGN_OR_RETURN(const WriteSession session, keys.BeginWrite());
  const auto signature = SignWrite(record, limit, session.nonce_tpm);
  LABREC_ASSIGN_OR_RETURN(const UseCount use, keys.FinishWrite(record.key, session.id, limit, signature));
  record.written = true;
  return use;
}

CountedRecord MakeRecord(CountedKeys& keys, uint32_t limit) {
  CountedRecord record;
  record.key = keys.Define(record.unlock_key.public_key()).value();
  EXPECT_EQ(Write(keys, record, limit).value(), (UseCount{0, limit}));
  return record;
}

bool EvaluateOnce(CountedKeys& keys, const CountedRecord& record) {
  const P256Scalar a = P256Scalar::Random();
  const CountedOutcome outcome = keys.Evaluate(record.key, P256Point::Generator().Times(a)).value();
  const auto* result = std::get_if<CountedResult>(&outcome);
  if (result == nullptr) return false;
  EXPECT_EQ(result->result, PublicKeyOf(record.key).Times(a));  // k * (a*G) = a * (k*G)
  return true;
}

int EvaluateUntilSpent(CountedKeys& keys, const CountedRecord& record) {
  int times = 0;
  while (times < 100 && EvaluateOnce(keys, record)) ++times;
  return times;
}

P256Point PublicKeyOf(const CountedKey& key) {
  return tpm::PointOf(tpm::TpmtPublic::Parse(key.key_public).value()).value();
}

void CountedTest::SetUp() {
  dut_ = StartSwtpmDevice();
  ASSERT_NE(dut_, nullptr);
  auto state = dut_->Provision({}, ToBytes("contract-realm-1"));
  ASSERT_TRUE(state.ok()) << state.status();
  state_ = *std::move(state);
}

std::unique_ptr<Device> CountedTest::Open(const std::string& attributes) {
  DeviceAddress address = dut_->address();
  if (!attributes.empty()) address.uri += "?" + attributes;
  return tpm2::Open(address, state_, dut_->authorization()).value();
}

CountedKeys& CountedTest::OpenKeys(const std::string& attributes) {
  device_.reset();
  device_ = Open(attributes);
  if (device_->counted_keys() == nullptr) throw std::runtime_error(device_->description().no_counted_keys);
  return keys();
}

}  // namespace labrec::hsm::contract
