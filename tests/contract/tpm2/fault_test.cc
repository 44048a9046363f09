#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>
#include <tss2/tss2_tpm2_types.h>

#include "hsm/base/encoding.h"
#include "hsm/tpm2/link/authorization.h"
#include "hsm/tpm2/link/capability.h"
#include "tests/contract/contract_suites.h"
#include "tests/contract/disturbed_bus.h"
#include "tests/contract/swtpm_device.h"

namespace labrec::hsm::tpm2 {
namespace {

using contract::OnceAvailable;
using test::TpmProxy;
using Fate = TpmProxy::Fate;

// A device whose way to the TPM the test may disturb, one command at a time.
class TpmFault : public testing::Test {
 protected:
  void SetUp() override {
    dut_ = contract::StartSwtpmDevice();
    ASSERT_NE(dut_, nullptr);
    auto state = dut_->Provision({}, ToBytes("contract-realm-1"));
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    const absl::Status led = bus_.Lead(dut_->tpm());
    ASSERT_TRUE(led.ok()) << led;
    auto device = tpm2::Open({"tpm2:" + bus_.tcti()}, state_, dut_->authorization());
    ASSERT_TRUE(device.ok()) << device.status();
    device_ = *std::move(device);
    ASSERT_TRUE(anchor().Claim().ok());
  }

  long increments() const { return bus_.Sent(TPM2_CC_NV_Increment); }
  FreshnessAnchor& anchor() { return *device_->freshness_anchor(); }
  uint64_t Epoch() {
    uint64_t epoch = 0;
    const absl::Status read = OnceAvailable([&] {
      const auto current = anchor().CurrentEpoch();
      epoch = current.value_or(0);
      return current.status();
    });
    EXPECT_TRUE(read.ok()) << read;
    return epoch;
  }

  std::unique_ptr<contract::SwtpmDevice> dut_;
  DeviceState state_;
  contract::DisturbedBus bus_;
  std::unique_ptr<Device> device_;
};

// The chip counted, and nobody heard it: the next commit looks before it counts.
TEST_F(TpmFault, AnIncrementWithALostReplyIsNotRepeated) {
  const uint64_t epoch = Epoch() + 1;
  ASSERT_TRUE(anchor().Prepare(epoch, Sha256("state")).ok());
  const long before = increments();
  bus_.Disturb(TPM2_CC_NV_Increment, Fate::kLoseReply);
  const absl::Status lost = anchor().Commit(epoch);
  EXPECT_TRUE(absl::IsUnavailable(lost)) << lost;
  const absl::Status committed = OnceAvailable([&] { return anchor().Commit(epoch); });
  EXPECT_TRUE(committed.ok()) << committed;
  EXPECT_EQ(increments(), before + 1);
  EXPECT_EQ(Epoch(), epoch);
}

TEST_F(TpmFault, AnIncrementThatWasLostIsSentWhenAskedAgain) {
  const uint64_t epoch = Epoch() + 1;
  ASSERT_TRUE(anchor().Prepare(epoch, Sha256("state")).ok());
  const long before = increments();
  bus_.Disturb(TPM2_CC_NV_Increment, Fate::kLoseCommand);
  EXPECT_TRUE(absl::IsUnavailable(anchor().Commit(epoch)));
  EXPECT_EQ(increments(), before + 1);  // Commit itself tried once
  EXPECT_EQ(Epoch(), epoch - 1);
  EXPECT_TRUE(OnceAvailable([&] { return anchor().Commit(epoch); }).ok());
  EXPECT_EQ(Epoch(), epoch);
}

// The TPM forgot our objects just before the increment, and so refuses it: even then it is not repeated.
TEST_F(TpmFault, ARefusedIncrementIsNotRepeated) {
  const uint64_t epoch = Epoch() + 1;
  ASSERT_TRUE(anchor().Prepare(epoch, Sha256("state")).ok());
  const long before = increments();
  bus_.Disturb(TPM2_CC_NV_Increment, Fate::kForward, 0, [&] {
    const auto context = Context::Connect(dut_->tpm().tcti());
    if (context.ok()) FlushWhatIsLeft(**context).IgnoreError();
  });
  const absl::Status refused = anchor().Commit(epoch);
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_EQ(increments(), before + 1);
  EXPECT_EQ(Epoch(), epoch - 1);
  EXPECT_TRUE(anchor().Commit(epoch).ok());
  EXPECT_EQ(increments(), before + 2);
}

// Whatever command of a whole cycle is cut, the cycle can be finished, and the counter moves by exactly one.
TEST_F(TpmFault, EveryCommandOfACycleMayBeCut) {
  for (const Fate fate : {Fate::kLoseCommand, Fate::kLoseReply}) {
    bool disturbed = true;
    for (int cut = 0; disturbed; ++cut) {
      const uint64_t epoch = Epoch() + 1;
      bus_.Disturb(0, fate, cut);
      const auto prepare = [&] { return anchor().Prepare(epoch, Sha256("state")).status(); };
      EXPECT_TRUE(OnceAvailable(prepare).ok()) << cut;
      EXPECT_TRUE(OnceAvailable([&] { return anchor().Commit(epoch); }).ok()) << cut;
      const absl::Status evaluated = OnceAvailable([&]() -> absl::Status {
        const auto result = device_->evaluation_key()->Evaluate({&P256Point::Generator(), 1});
        if (result.ok()) {
          EXPECT_EQ(result->front(), device_->evaluation_key()->public_key());
        }
        return result.status();
      });
      EXPECT_TRUE(evaluated.ok()) << cut << evaluated;
      disturbed = !bus_.Disarm();
      EXPECT_EQ(Epoch(), epoch) << cut;
      ASSERT_LT(cut, 100);
    }
  }
}

// Answers are authenticated by the session: one flipped bit is found, never believed, and the next call
// starts a new session.
TEST_F(TpmFault, AlteredRepliesAreRefused) {
  const uint64_t epoch = Epoch();
  Bytes random(32);
  bus_.Disturb(TPM2_CC_NV_Read, Fate::kAlterReply);
  EXPECT_TRUE(absl::IsDataLoss(anchor().CurrentEpoch().status()));
  EXPECT_EQ(Epoch(), epoch);
  bus_.Disturb(TPM2_CC_ECDH_ZGen, Fate::kAlterReply);
  EXPECT_TRUE(absl::IsDataLoss(device_->evaluation_key()->Evaluate({&P256Point::Generator(), 1}).status()));
  EXPECT_EQ(Epoch(), epoch);
  bus_.Disturb(TPM2_CC_HMAC, Fate::kAlterReply);
  EXPECT_TRUE(absl::IsDataLoss(device_->derivation_key()->Derive(AsBytes("record")).status()));
  EXPECT_EQ(Epoch(), epoch);
  bus_.Disturb(TPM2_CC_GetRandom, Fate::kAlterReply);
  EXPECT_TRUE(absl::IsDataLoss(device_->random()->Fill(random)));
  EXPECT_EQ(Epoch(), epoch);
  bus_.Disturb(TPM2_CC_NV_Increment, Fate::kAlterReply);
  EXPECT_TRUE(absl::IsUnavailable(anchor().Commit(epoch + 1)));
  EXPECT_TRUE(OnceAvailable([&] { return anchor().Commit(epoch + 1); }).ok());
  EXPECT_EQ(Epoch(), epoch + 1);
}

// A storage key of somebody else's, slipped in on the bus, gets no salt: its Name is not the pinned one.
TEST_F(TpmFault, AnotherStorageKeyIsRefused) {
  device_.reset();
  bus_.Disturb(TPM2_CC_CreatePrimary, Fate::kAlterReply);
  EXPECT_FALSE(tpm2::Open({"tpm2:" + bus_.tcti()}, state_, dut_->authorization()).ok());
  EXPECT_FALSE(bus_.Disarm());
  DeviceState other = state_;
  const size_t name = other.json.find("\"name\": \"", other.json.find("\"storage_key\"")) + 20;
  other.json[name] = other.json[name] == '0' ? '1' : '0';
  const auto refused = dut_->Open(other);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
}

// The TPM is reset and nobody says so: no connection breaks between two commands.
TEST_F(TpmFault, AResetBetweenCommandsIsNotNoticedByCallers) {
  const uint64_t epoch = Epoch() + 1;
  ASSERT_TRUE(anchor().Prepare(epoch, Sha256("state")).ok());
  ASSERT_TRUE(dut_->tpm().Restart().ok());
  EXPECT_TRUE(anchor().Commit(epoch).ok());
  ASSERT_TRUE(dut_->tpm().Restart().ok());
  EXPECT_TRUE(device_->derivation_key()->Derive(AsBytes("record")).ok());
  ASSERT_TRUE(dut_->tpm().Restart().ok());
  EXPECT_TRUE(device_->evaluation_key()->Evaluate({&P256Point::Generator(), 1}).ok());
  EXPECT_EQ(Epoch(), epoch);
}

bool Contains(const Bytes& haystack, ByteView needle) {
  return std::search(haystack.begin(), haystack.end(), needle.begin(), needle.end()) != haystack.end();
}

TEST_F(TpmFault, NothingSecretCrossesTheBusInClear) {
  const Bytes message = ToBytes("record of account alice-in-clear-text");
  ASSERT_TRUE(device_->derivation_key()->Derive(message).ok());
  ASSERT_TRUE(tpm2::Provision({"tpm2:" + bus_.tcti()}, dut_->Options({}, ToBytes("contract-realm-2"))).ok());
  const Bytes seen = bus_.AllBytes();
  EXPECT_GT(seen.size(), 1000U);
  EXPECT_FALSE(Contains(seen, message));
  EXPECT_FALSE(Contains(seen, dut_->authorization().view()));
  for (const char* purpose : {kEvaluationKeyAuth, kHmacKeyAuth, kCounterAuth, kClaimAuth}) {
    EXPECT_FALSE(Contains(seen, AuthValue(dut_->authorization(), purpose)->view())) << purpose;
  }
}

// The attributes of the first session of a command with that many handles (part 1, section 18.6).
uint8_t SessionAttributes(const Bytes& command, size_t handles) {
  Reader reader(ByteView(command).subspan(10 + 4 * handles + 4 + 4));
  reader.Lp();  // nonceCaller
  return reader.U8();
}

// TPM2_StartAuthSession (part 3, section 11.1): tpmKey, bind, nonceCaller, encryptedSalt, sessionType.
bool IsPolicySession(const Bytes& command) {
  Reader reader(ByteView(command).subspan(10 + 4 + 4));
  reader.Lp();
  reader.Lp();
  return reader.U8() == TPM2_SE_POLICY;
}

TEST_F(TpmFault, EverySessionIsSaltedAndEncrypts) {
  ASSERT_TRUE(device_->derivation_key()->Derive(AsBytes("record")).ok());
  ASSERT_TRUE(device_->evaluation_key()->Evaluate({&P256Point::Generator(), 1}).ok());
  Bytes random(8);
  ASSERT_TRUE(device_->random()->Fill(random).ok());
  constexpr uint8_t kDecrypt = 0x20;
  constexpr uint8_t kEncrypt = 0x40;
  constexpr uint32_t kNull = 0x40000007;
  int looked_at = 0;
  for (const Bytes& command : bus_.Commands()) {
    ++looked_at;
    switch (contract::CommandCode(command)) {
      case TPM2_CC_StartAuthSession:
        if (IsPolicySession(command)) break;  // authorises, and has no secret to protect
        EXPECT_NE(Reader(ByteView(command).subspan(10)).U32(), kNull) << "no salt key";
        break;
      case TPM2_CC_Load:
      case TPM2_CC_HMAC:
      case TPM2_CC_ECDH_ZGen:
        EXPECT_EQ(SessionAttributes(command, 1) & (kDecrypt | kEncrypt), kDecrypt | kEncrypt);
        break;
      case TPM2_CC_GetRandom:
        EXPECT_EQ(SessionAttributes(command, 0) & kEncrypt, kEncrypt);
        break;
      case TPM2_CC_NV_Read:
        EXPECT_EQ(SessionAttributes(command, 2) & kEncrypt, kEncrypt);
        break;
      default:
        --looked_at;
    }
  }
  EXPECT_GE(looked_at, 8);
}

// Somebody claims between our counting and our last look: this commit must not be answered with OK.
TEST_F(TpmFault, AClaimInTheMiddleOfACommitIsSeen) {
  const uint64_t epoch = Epoch() + 1;
  ASSERT_TRUE(anchor().Prepare(epoch, Sha256("state")).ok());
  bus_.Disturb(TPM2_CC_NV_Increment, Fate::kLoseReply);
  ASSERT_TRUE(absl::IsUnavailable(anchor().Commit(epoch)));
  ASSERT_EQ(Epoch(), epoch);
  absl::Status elsewhere = absl::UnknownError("not done");
  // The first looks at the claim, the second at the counter.
  bus_.Disturb(TPM2_CC_NV_Read, Fate::kForward, 1, [&] { elsewhere = dut_->CommitElsewhere(state_, 0); });
  const absl::Status committed = anchor().Commit(epoch);
  EXPECT_TRUE(elsewhere.ok()) << elsewhere;
  EXPECT_TRUE(absl::IsDataLoss(committed)) << committed;
}

// While the TPM is away only some of the calls try to open it again (each try begins with TPM2_Startup).
TEST_F(TpmFault, AttemptsToReopenAreSpaced) {
  bus_.CutOff();
  const long before = bus_.Sent(TPM2_CC_Startup);
  const auto start = std::chrono::steady_clock::now();
  int calls = 0;
  while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(300)) {
    ASSERT_TRUE(absl::IsUnavailable(anchor().CurrentEpoch().status()));
    ++calls;
  }
  const long attempts = bus_.Sent(TPM2_CC_Startup) - before;
  EXPECT_GE(attempts, 2);  // at once, after 10 ms, after another 20, 40, 80, 160
  EXPECT_LE(attempts, 7);
  EXPECT_GT(calls, 100);
}

// Our own generator is added to it, so the result does not show that the TPM was asked for all of it.
TEST_F(TpmFault, TheTpmGivesEveryRandomByte) {
  const long before = bus_.Sent(TPM2_CC_GetRandom);
  Bytes random(100);
  ASSERT_TRUE(device_->random()->Fill(random).ok());
  EXPECT_EQ(bus_.Sent(TPM2_CC_GetRandom) - before, 4);
}

// What authenticates epochs cannot be had through the other door.
TEST_F(TpmFault, DeriveDoesNotMakeEvidence) {
  Bytes message = {0x00, 0x1c};
  const Bytes label = ToBytes("labyrinth-recovery/v1/anchor");
  message.insert(message.end(), label.begin(), label.end());
  EXPECT_TRUE(absl::IsInvalidArgument(device_->derivation_key()->Derive(message).status()));
}

}  // namespace
}  // namespace labrec::hsm::tpm2
