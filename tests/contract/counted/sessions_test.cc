// Sessions that wait for a client's signature.
#include <filesystem>

#include <gtest/gtest.h>
#include <tss2/tss2_tpm2_types.h>

#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/realm/write_sessions.h"
#include "hsm/tpm_wire/cp_hash.h"
#include "tests/contract/counted/fixture.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::hsm::contract {
namespace {

using tpm2::WriteSessions;

class CountedSessions : public CountedTest {
 protected:
  size_t Count(uint32_t first) {
    const auto context = tpm2::Context::Connect(dut_->tpm().tcti()).value();
    return tpm2::HandlesFrom(*context, first).value().size();
  }
  size_t Waiting() { return Count(TPM2_ACTIVE_SESSION_FIRST); }
};

TEST_F(CountedSessions, YoungOnesAreBoundedAndEndForNobody) {
  OpenKeys();
  CountedRecord record = MakeRecord(keys(), 1);
  std::vector<WriteSession> begun;
  for (size_t i = 0; i < WriteSessions::kMostSaved; ++i) begun.push_back(keys().BeginWrite().value());
  for (size_t i = 0; i < 84; ++i) EXPECT_TRUE(absl::IsResourceExhausted(keys().BeginWrite().status()));
  EXPECT_EQ(Waiting(), WriteSessions::kMostSaved);
  EXPECT_EQ(Count(TPM2_LOADED_SESSION_FIRST), 1U);
  const auto finish = [&](const WriteSession& session) {
    return keys().FinishWrite(record.key, session.id, 2, SignWrite(record, 2, session.nonce_tpm)).status();
  };
  EXPECT_TRUE(finish(begun.front()).ok());
  EXPECT_TRUE(finish(begun.back()).ok());
  EXPECT_EQ(Waiting(), WriteSessions::kMostSaved - 2);
  EXPECT_TRUE(keys().BeginWrite().ok());
}

// With a clock of the test's own.
TEST_F(CountedSessions, TheOldestEndsForANewOneWhenItIsYoungNoMore) {
  const auto context = tpm2::Context::Connect(dut_->tpm().tcti()).value();
  WriteSessions sessions(*context);
  const WriteSessions::Time start{};
  const WriteSession first = sessions.Begin(start).value();
  WriteSession second;
  for (size_t i = 1; i < WriteSessions::kMostSaved; ++i) {
    second = sessions.Begin(start + std::chrono::seconds(1)).value();
  }
  const auto last_moment = start + kWriteUndisturbed - std::chrono::milliseconds(1);
  EXPECT_TRUE(absl::IsResourceExhausted(sessions.Begin(last_moment).status()));
  EXPECT_TRUE(sessions.NonceOf(first.id, last_moment).ok());
  EXPECT_TRUE(sessions.Begin(start + kWriteUndisturbed).ok());
  EXPECT_TRUE(absl::IsNotFound(sessions.NonceOf(first.id, start + kWriteUndisturbed).status()));
  EXPECT_TRUE(sessions.NonceOf(second.id, start + kWriteUndisturbed).ok());
  EXPECT_EQ(sessions.size(), WriteSessions::kMostSaved);
}

TEST_F(CountedSessions, TheDeviceSaysWhichAreOpen) {
  OpenKeys();
  EXPECT_TRUE(keys().OpenWrites()->empty());
  CountedRecord record = MakeRecord(keys(), 1);
  const WriteSession a = keys().BeginWrite().value();
  const WriteSession b = keys().BeginWrite().value();
  EXPECT_EQ(keys().OpenWrites().value(), (std::vector<uint64_t>{a.id, b.id}));
  ASSERT_TRUE(keys().FinishWrite(record.key, a.id, 2, SignWrite(record, 2, a.nonce_tpm)).ok());
  EXPECT_EQ(keys().OpenWrites().value(), std::vector<uint64_t>{b.id});
  dut_->Repair();
  EXPECT_TRUE(keys().OpenWrites()->empty()) << "the TPM was reset";
}

TEST_F(CountedSessions, EndWithTheDevice) {
  OpenKeys();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(keys().BeginWrite().ok());
  EXPECT_EQ(Waiting(), 5U);
  device_.reset();
  EXPECT_EQ(Waiting(), 0U);
}

// The TPM was reset: what it had saved is void, and is not found any more.
TEST_F(CountedSessions, EndWithTheConnection) {
  OpenKeys();
  CountedRecord record = MakeRecord(keys(), 1);
  const WriteSession session = keys().BeginWrite().value();
  dut_->Repair();
  const auto signature = SignWrite(record, 2, session.nonce_tpm);
  EXPECT_TRUE(absl::IsNotFound(keys().FinishWrite(record.key, session.id, 2, signature).status()));
  EXPECT_TRUE(Write(keys(), record, 3).ok());
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 3);
}

// Behind a resource manager (so the address says) a killed service could leave saved sessions for ever: one
// waits, in a slot, and the three that a TPM has are enough for an evaluation beside it.
TEST_F(CountedSessions, BehindAResourceManagerOneWaits) {
  const test::TemporaryFolder folder;
  const std::filesystem::path socket = folder.path() / "tpmrm0";
  std::filesystem::create_symlink(dut_->tpm().socket(), socket);
  std::filesystem::create_symlink(dut_->tpm().socket().string() + ".ctrl", socket.string() + ".ctrl");
  device_ = tpm2::Open({"tpm2:swtpm:path=" + socket.string()}, state_, dut_->authorization()).value();
  CountedRecord record = MakeRecord(keys(), 2);
  const WriteSession waiting = keys().BeginWrite().value();
  EXPECT_TRUE(absl::IsResourceExhausted(keys().BeginWrite().status()));
  EXPECT_EQ(Waiting(), 0U);
  EXPECT_EQ(Count(TPM2_LOADED_SESSION_FIRST), 2U);
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 2);
  const auto finished =
      keys().FinishWrite(record.key, waiting.id, 5, SignWrite(record, 5, waiting.nonce_tpm));
  EXPECT_TRUE(finished.ok()) << finished.status();
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 3);
  EXPECT_TRUE(keys().BeginWrite().ok());
  device_.reset();
  EXPECT_EQ(Count(TPM2_LOADED_SESSION_FIRST), 0U);
}

// With a clock of the test's own.
TEST_F(CountedSessions, EndWhenTheyAreTooOld) {
  const auto context = tpm2::Context::Connect(dut_->tpm().tcti()).value();
  WriteSessions sessions(*context);
  const WriteSessions::Time start{};
  const std::chrono::seconds life(tpm::kWriteExpirationSeconds);
  const WriteSession a = sessions.Begin(start).value();
  const WriteSession b = sessions.Begin(start + std::chrono::seconds(1)).value();
  EXPECT_NE(a.id, b.id);
  EXPECT_NE(a.nonce_tpm, b.nonce_tpm);
  EXPECT_EQ(a.nonce_tpm.size(), 32U);
  const auto last_moment = start + life - std::chrono::milliseconds(1);
  EXPECT_EQ(sessions.NonceOf(a.id, last_moment).value(), a.nonce_tpm);
  EXPECT_TRUE(absl::IsNotFound(sessions.NonceOf(a.id, start + life).status()));
  EXPECT_TRUE(absl::IsNotFound(sessions.Take(a.id, start + life).status()));
  EXPECT_EQ(sessions.size(), 1U);
  EXPECT_EQ(tpm2::HandlesFrom(*context, TPM2_ACTIVE_SESSION_FIRST)->size(), 1U);
  auto taken = sessions.Take(b.id, start + life);
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->NonceTpm().value(), b.nonce_tpm);
  EXPECT_EQ(sessions.size(), 0U);
  EXPECT_TRUE(absl::IsNotFound(sessions.Take(b.id, start + life).status()));
}

}  // namespace
}  // namespace labrec::hsm::contract
