#include <chrono>

#include "tests/support/process/held_memory.h"
#include "tests/unit/recovery/labyrinth/world.h"

namespace labrec::recovery::labyrinth {
namespace {

using testing::HeldBytes;

class ScaleTest : public World {};

// 100,000 messages in 200 epochs and 20 threads, restored from a code made in epoch 0.
TEST_F(ScaleTest, AHistoryOfHundredThousandMessagesRestoresWithFlatMemory) {
  constexpr uint64_t kEpochs = 200;
  constexpr uint64_t kPerEpoch = 500;
  Mailbox phone = NewMailbox();
  const auto code = phone.MakeRecoveryCode('P');
  ASSERT_TRUE(code.ok());
  for (uint64_t epoch = 0; epoch < kEpochs; ++epoch) {
    if (epoch > 0) {
      ASSERT_TRUE(phone.Rotate().ok());
    }
    MessageCipher cipher(account_, phone.state().epoch);
    for (uint64_t i = 0; i < kPerEpoch; ++i) {
      const std::string text = "message " + std::to_string(epoch * kPerEpoch + i);
      ASSERT_TRUE(store_
                      .AppendMessage(phone.state().epoch.id(), cipher.Seal("thread " + std::to_string(i % 20),
                                                                           RandomId(), 0, AsBytes(text)))
                      .ok());
    }
  }

  const auto start = std::chrono::steady_clock::now();
  auto restored = RestoreWith(*code, floor_.kept);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(visited_.size(), kEpochs);
  uint64_t expected = 0;
  size_t early = 0;
  HistoryVisitor visitor;
  visitor.message = [&](const Message& message) {
    EXPECT_EQ(AsText(message.text.view()), "message " + std::to_string(expected));
    ++expected;
    if (expected == 5000) early = HeldBytes();
  };
  const auto summary = restored->mailbox.Read(0, visitor);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->messages, kEpochs * kPerEpoch);
  EXPECT_EQ(summary->epochs, kEpochs);
  const size_t late = HeldBytes();
  // 95,000 messages of at least 100 bytes would be over 9 MiB.
  EXPECT_LT(late, early + (2U << 20));
  RecordProperty("messages_per_second", static_cast<int>(static_cast<double>(summary->messages) / seconds));
  std::printf("restored %lu messages of %lu epochs in %.2f s: %.0f messages/s; memory grew by %ld KiB\n",
              static_cast<unsigned long>(summary->messages), static_cast<unsigned long>(summary->epochs),
              seconds, static_cast<double>(summary->messages) / seconds,
              (static_cast<long>(late) - static_cast<long>(early)) / 1024);
}

}  // namespace
}  // namespace labrec::recovery::labyrinth
