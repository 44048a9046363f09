#include <chrono>
#include <cstdlib>

#include "recovery/labyrinth/restore.h"
#include "tests/integration/mailbox/world.h"
#include "tests/support/process/held_memory.h"
#include "tests/support/process/temporary_folder.h"
#include "tools/mailbox/remote/grpc_store.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::AccountName;
using recovery::labyrinth::Epoch;
using recovery::labyrinth::Floor;
using recovery::labyrinth::HistoryVisitor;
using recovery::labyrinth::Mailbox;
using recovery::labyrinth::Message;
using recovery::labyrinth::MessageCipher;
using recovery::labyrinth::NoFloor;
using recovery::labyrinth::RandomId;
using recovery::labyrinth::RecoveryCode;
using recovery::labyrinth::SoftwareSigner;
using recovery::labyrinth::StoredMessage;

constexpr uint64_t kPerEpoch = 500;
constexpr size_t kMostGrowth = 4U << 20;

std::string TextOf(uint64_t number) {
  return "message number " + std::to_string(number) + " of a history that is long";
}

// 100,000 messages in 200 epochs (or LABREC_SCALE_EPOCHS) and 20 threads, on the program labyrinth-mailboxd.
class MailboxScale : public ::testing::Test {
 protected:
  MailboxScale() {
    const char* const asked = std::getenv("LABREC_SCALE_EPOCHS");
    epochs_ = asked == nullptr ? 200 : std::strtoull(asked, nullptr, 10);
  }

  std::unique_ptr<GrpcStore> Connect() {
    GrpcStoreOptions options;
    options.target = server_.name();
    options.mailbox = "chat/alice";
    return std::make_unique<GrpcStore>(options);
  }

  void Seed() {
    const auto store = Connect();
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    auto mailbox = Mailbox::Create(*store, no_floor_, account_, signer);
    ASSERT_TRUE(mailbox.ok()) << mailbox.status();
    auto code = mailbox->MakeRecoveryCode(RecoveryCode::kForPin);
    ASSERT_TRUE(code.ok()) << code.status();
    code_ = code->text().Clone();
    for (uint64_t epoch = 0; epoch < epochs_; ++epoch) {
      if (epoch > 0) {
        ASSERT_TRUE(mailbox->Rotate().ok());
      }
      MessageCipher cipher(account_, mailbox->state().epoch);
      std::vector<StoredMessage> messages;
      for (uint64_t i = 0; i < kPerEpoch; ++i) {
        messages.push_back(cipher.Seal("thread " + std::to_string(i % 20), RandomId(), 0,
                                       AsBytes(TextOf(epoch * kPerEpoch + i))));
      }
      ASSERT_TRUE(store->AppendMessages(mailbox->state().epoch.id(), messages).ok());
    }
    floor_ = mailbox->state().epoch.GetFloor();
  }

  const AccountName account_ = {"chat", "alice"};
  test::TemporaryFolder folder_;
  OperatedStore server_{StoreKind::kServer, folder_.path()};
  NoFloor no_floor_;
  uint64_t epochs_;
  SecretBytes code_;
  Floor floor_;
};

TEST_F(MailboxScale, ALongHistoryRestoresWithFlatMemory) {
  Seed();
  const auto store = Connect();
  const auto start = std::chrono::steady_clock::now();
  SoftwareSigner signer(EcdsaPrivateKey::Generate());
  uint64_t followed = 0;
  auto restored = Restore(*store, no_floor_, {account_, code_.view(), {{{"realm", floor_, {}}}}, signer},
                          [&](const Epoch&) { ++followed; });
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(followed, epochs_);
  const auto enrolled = std::chrono::steady_clock::now();

  const uint64_t total = epochs_ * kPerEpoch;
  uint64_t read = 0;
  size_t client_early = 0;
  size_t server_early = 0;
  HistoryVisitor visitor;
  visitor.message = [&](const Message& message) {
    EXPECT_EQ(AsText(message.text.view()), TextOf(read));
    if (++read != total / 10) return;
    client_early = testing::HeldBytes();
    server_early = testing::ResidentBytes(server_.pid());
  };
  const auto summary = restored->mailbox.Read(0, visitor);
  const auto end = std::chrono::steady_clock::now();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->messages, total);
  EXPECT_EQ(summary->epochs, epochs_);
  EXPECT_EQ(summary->damaged, 0U);
  EXPECT_LT(testing::HeldBytes(), client_early + kMostGrowth);
  if (!testing::kResidentMeansLittle) {
    EXPECT_LT(testing::ResidentBytes(server_.pid()), server_early + kMostGrowth);
  }

  const auto seconds = [](auto from, auto to) { return std::chrono::duration<double>(to - from).count(); };
  const double rate = static_cast<double>(total) / seconds(start, end);
  RecordProperty("messages_per_second", static_cast<int>(rate));
  std::printf(
      "followed %lu epochs in %.2f s, read %lu messages in %.2f s: %.0f messages/s; memory grew by %ld KiB "
      "here, %ld KiB in the server\n",
      static_cast<unsigned long>(epochs_), seconds(start, enrolled), static_cast<unsigned long>(total),
      seconds(enrolled, end), rate,
      (static_cast<long>(testing::HeldBytes()) - static_cast<long>(client_early)) / 1024,
      (static_cast<long>(testing::ResidentBytes(server_.pid())) - static_cast<long>(server_early)) / 1024);
}

}  // namespace
}  // namespace labrec::mailbox
