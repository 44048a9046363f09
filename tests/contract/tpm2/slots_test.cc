#include <gtest/gtest.h>
#include <sys/wait.h>
#include <tss2/tss2_tpm2_types.h>
#include <unistd.h>

#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm2/link/tss_library_context.h"
#include "tests/contract/contract_suites.h"
#include "tests/contract/swtpm_device.h"

namespace labrec::hsm::tpm2 {
namespace {

const Bytes kSlotsRealm = ToBytes("contract-realm-1");

// What is loaded in the TPM, or stored on it, as the TPM itself says.
struct Slots {
  size_t transient = 0;
  size_t sessions = 0;
  size_t persistent = 0;
  size_t indices = 0;
  bool operator==(const Slots&) const = default;
};

void PrintTo(const Slots& slots, std::ostream* out) {
  *out << slots.transient << " transient, " << slots.sessions << " sessions, " << slots.persistent
       << " persistent, " << slots.indices << " indices";
}

class TpmSlots : public testing::Test {
 protected:
  void SetUp() override {
    dut_ = contract::StartSwtpmDevice();
    ASSERT_NE(dut_, nullptr);
  }

  size_t Count(uint32_t first) {
    const auto context = Context::Connect(dut_->tpm().tcti());
    EXPECT_TRUE(context.ok()) << context.status();
    const auto handles = HandlesFrom(**context, first);
    EXPECT_TRUE(handles.ok()) << handles.status();
    return handles->size();
  }
  Slots Used() {
    return {Count(TPM2_TRANSIENT_FIRST), Count(TPM2_LOADED_SESSION_FIRST), Count(TPM2_PERSISTENT_FIRST),
            Count(TPM2_NV_INDEX_FIRST)};
  }
  void Provision(const DeviceRoles& roles = {}) {
    auto state = dut_->Provision(roles, kSlotsRealm);
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
  }
  std::unique_ptr<Device> Open() {
    auto device = dut_->Open(state_);
    EXPECT_TRUE(device.ok()) << device.status();
    return device.ok() ? *std::move(device) : nullptr;
  }

  std::unique_ptr<contract::SwtpmDevice> dut_;
  DeviceState state_;
};

void UseAll(Device& device) {
  FreshnessAnchor& anchor = *device.freshness_anchor();
  Bytes random(100);
  EXPECT_TRUE(device.evaluation_key()->Evaluate({&P256Point::Generator(), 1}).ok());
  EXPECT_TRUE(device.derivation_key()->Derive(AsBytes("record")).ok());
  EXPECT_TRUE(device.random()->Fill(random).ok());
  EXPECT_TRUE(contract::ClaimAndCommit(device, 1).ok());
  EXPECT_TRUE(anchor.Check(1, Digest{}, Bytes(32)).ok());
}

void FailAll(Device& device) {
  FreshnessAnchor& anchor = *device.freshness_anchor();
  EXPECT_FALSE(device.derivation_key()->Derive(Bytes(1025)).ok());
  EXPECT_FALSE(anchor.Prepare(0, Digest{}).ok());
  EXPECT_FALSE(anchor.Commit(~uint64_t{0}).ok());
}

TEST_F(TpmSlots, ProbingAndProvisioningLeaveOnlyTheIndices) {
  ASSERT_TRUE(dut_->Probe({}).ok());
  EXPECT_EQ(Used(), (Slots{0, 0, 0, 0}));
  Provision();
  EXPECT_EQ(Used(), (Slots{0, 0, 0, 2}));
  ASSERT_TRUE(dut_->Deprovision(state_).ok());
  EXPECT_EQ(Used(), (Slots{0, 0, 0, 0}));
}

// Evaluation key and HMAC key stay loaded: one slot of three stays free for keys of records.
TEST_F(TpmSlots, AnOpenDeviceTakesTwoKeysAndASession) {
  Provision();
  auto device = Open();
  ASSERT_NE(device, nullptr);
  for (int i = 0; i < 50; ++i) {
    UseAll(*device);
    FailAll(*device);
  }
  EXPECT_EQ(Used(), (Slots{2, 1, 0, 2}));
  device.reset();
  EXPECT_EQ(Used(), (Slots{0, 0, 0, 2}));
}

TEST_F(TpmSlots, AnAnchorAloneTakesOneKeyAndASession) {
  Provision({.keys = false, .anchor = true});
  const auto device = Open();
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(Used(), (Slots{1, 1, 0, 2}));
}

TEST_F(TpmSlots, FailedOpeningsLeaveNothing) {
  Provision();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(absl::IsPermissionDenied(dut_->OpenUnauthorized(state_).status()));
    EXPECT_EQ(Used(), (Slots{0, 0, 0, 2}));
  }
  // A key blob that the TPM refuses, with all before it loaded.
  DeviceState damaged = state_;
  const size_t at = damaged.json.find("\"hmac_key\"");
  const size_t byte = damaged.json.find("\"private\": \"", at) + 60;
  damaged.json[byte] = damaged.json[byte] == '0' ? '1' : '0';
  const auto refused = dut_->Open(damaged);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  EXPECT_EQ(Used(), (Slots{0, 0, 0, 2}));
}

TEST_F(TpmSlots, FailedProvisioningLeavesNothing) {
  // One index is free, two are wanted.
  const auto refused = tpm2::Provision(dut_->address(), dut_->Options({}, kSlotsRealm), {0x01800100, 1});
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status())) << refused.status();
  EXPECT_EQ(Used(), (Slots{0, 0, 0, 0}));
  const auto probe = tpm2::Probe(dut_->address(), {}, {0x01800100, 1});
  ASSERT_TRUE(probe.ok());
  EXPECT_EQ(
      std::count_if(probe->findings.begin(), probe->findings.end(), [](const auto& f) { return !f.present; }),
      1);
}

// Indices of others are left alone, and the next free ones are taken.
TEST_F(TpmSlots, RealmsTakeIndicesOfTheirOwn) {
  Provision();
  const DeviceState first = state_;
  Provision();
  EXPECT_EQ(Used().indices, 4U);
  ASSERT_TRUE(dut_->Deprovision(first).ok());
  EXPECT_EQ(Used().indices, 2U);
  EXPECT_NE(Open(), nullptr);
  ASSERT_TRUE(dut_->Deprovision(first).ok());  // twice is once
  EXPECT_EQ(Used().indices, 2U);
}

// Opens the device in a process that is then killed with all it had loaded.
void OpenAndBeKilled(contract::SwtpmDevice& dut, const DeviceState& state) {
  const pid_t child = fork();
  if (child == 0) {
    const auto device = dut.Open(state);
    if (!device.ok()) _exit(1);
    kill(getpid(), SIGKILL);
  }
  int ended = 0;
  ASSERT_EQ(waitpid(child, &ended, 0), child);
  ASSERT_TRUE(WIFSIGNALED(ended)) << "the child could not open the device";
}

TEST_F(TpmSlots, WhatAKilledProcessLeftIsFlushed) {
  Provision();
  for (int i = 0; i < 4; ++i) {
    OpenAndBeKilled(*dut_, state_);
    EXPECT_EQ(Used(), (Slots{2, 1, 0, 2}));
  }
  auto device = Open();
  ASSERT_NE(device, nullptr);
  UseAll(*device);
  EXPECT_EQ(Used(), (Slots{2, 1, 0, 2}));
  device.reset();
  OpenAndBeKilled(*dut_, state_);
  ASSERT_TRUE(dut_->Deprovision(state_).ok());
  EXPECT_EQ(Used(), (Slots{0, 0, 0, 0}));
}

// Somebody flushes what is ours: the next call loads it again and goes on.
TEST_F(TpmSlots, FlushedKeysAreLoadedAgain) {
  Provision();
  const auto device = Open();
  ASSERT_NE(device, nullptr);
  for (int i = 0; i < 3; ++i) {
    {
      const auto context = Context::Connect(dut_->tpm().tcti());
      ASSERT_TRUE(context.ok());
      ASSERT_TRUE(FlushWhatIsLeft(**context).ok());
    }
    UseAll(*device);
    EXPECT_EQ(Used(), (Slots{2, 1, 0, 2}));
  }
}

// Two devices over one TPM without a resource manager take each other's slots, and still never give a
// wrong answer.
TEST_F(TpmSlots, TwoUsersDisturbButDoNotDeceiveEachOther) {
  Provision({.keys = true, .anchor = false});
  const auto a = Open();
  const auto b = Open();
  ASSERT_NE(a, nullptr);
  ASSERT_NE(b, nullptr);
  for (int i = 0; i < 10; ++i) {
    for (Device* device : {a.get(), b.get()}) {
      const auto result = device->evaluation_key()->Evaluate({&P256Point::Generator(), 1});
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->front(), device->evaluation_key()->public_key());
    }
  }
}

// Without this each command costs some milliseconds (docs/adr).
TEST_F(TpmSlots, LibraryContextsAreShared) {
  Provision();
  const auto device = Open();
  ASSERT_NE(device, nullptr);
  const uint64_t before = LibraryContextsShared();
  ASSERT_TRUE(device->derivation_key()->Derive(AsBytes("record")).ok());
  EXPECT_GT(LibraryContextsShared(), before);
}

}  // namespace
}  // namespace labrec::hsm::tpm2
