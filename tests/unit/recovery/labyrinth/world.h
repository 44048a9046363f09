#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/mailbox.h"
#include "recovery/labyrinth/restore.h"
#include "tests/support/storage/memory_store.h"

namespace labrec::recovery::labyrinth {

// What one realm that keeps this floor says.
inline FloorClaims OneRealm(const std::optional<Floor>& kept) {
  FloorClaims floors;
  if (kept.has_value()) floors.claims.push_back({"realm", *kept, MemberId{0xEE}});
  return floors;
}

// The recovery service's rule for the floor, in memory. `before_raise` runs first and may fail instead.
class KeptFloor : public FloorKeeper {
 public:
  absl::StatusOr<FloorClaims> ReadFloor() override { return OneRealm(kept); }
  absl::Status RaiseFloor(const Floor& floor) override {
    if (before_raise) {
      if (const absl::Status status = before_raise(); !status.ok()) return status;
    }
    if (const absl::Status status = CheckRaise(kept, floor); !status.ok()) return status;
    kept = floor;
    return absl::OkStatus();
  }

  std::optional<Floor> kept;
  std::function<absl::Status()> before_raise;
};

#define EXPECT_FAILS(expression, expected_code, expected_reason)                       \
  do {                                                                                 \
    const absl::Status labrec_status = StatusOf(expression);                           \
    EXPECT_EQ(labrec_status.code(), absl::StatusCode::expected_code) << labrec_status; \
    EXPECT_EQ(ReasonOf(labrec_status), Reason::expected_reason) << labrec_status;      \
  } while (false)

inline absl::Status StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// One account with an honest store and a recovery service's floor, to be made dishonest by the test.
class World : public ::testing::Test {
 protected:
  using Content = testing::MemoryStore::Content;

  Mailbox NewMailbox() {
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    auto mailbox = Mailbox::Create(store_, floor_, account_, signer);
    EXPECT_TRUE(mailbox.ok()) << mailbox.status();
    EXPECT_TRUE(mailbox->Sync().ok());
    return *std::move(mailbox);
  }

  Mailbox AddDevice(Mailbox& inviter) {
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    auto pending = PendingDevice::Make(account_, signer);
    const auto request = JoinRequest::Parse(pending->Request().Serialize().view());
    EXPECT_TRUE(request.ok()) << request.status();
    const absl::Status invited = inviter.Invite(*request);
    EXPECT_TRUE(invited.ok()) << invited;
    auto mailbox = Mailbox::Accept(store_, floor_, *pending);
    EXPECT_TRUE(mailbox.ok()) << mailbox.status();
    const absl::Status synced = mailbox->Sync();
    EXPECT_TRUE(synced.ok()) << synced;
    return *std::move(mailbox);
  }

  // As an owner who has looked at the list does it.
  static absl::StatusOr<Rotation> Revoke(Mailbox& mailbox, const MemberId& id) {
    const auto members = mailbox.Members();
    if (!members.ok()) return members.status();
    return mailbox.Revoke({id}, LinesOf(*members));
  }

  static void Send(Mailbox& mailbox, const std::string& thread, const std::string& text) {
    const auto sent = mailbox.Send(thread, 1700000000000, AsBytes(text));
    ASSERT_TRUE(sent.ok()) << sent.status();
  }

  // "epoch/thread/text" of everything a mailbox reads.
  static std::vector<std::string> ReadAll(Mailbox& mailbox) {
    std::vector<std::string> read;
    HistoryVisitor visitor;
    visitor.message = [&](const Message& message) {
      read.push_back(std::to_string(message.epoch) + "/" + std::string(message.thread) + "/" +
                     ToString(message.text.view()));
    };
    const auto summary = mailbox.Read(0, visitor);
    EXPECT_TRUE(summary.ok()) << summary.status();
    EXPECT_EQ(summary->messages, read.size());
    EXPECT_EQ(summary->damaged, 0U);
    return read;
  }

  absl::StatusOr<Restored> RestoreWith(const RecoveryCode& code, const std::optional<Floor>& floor) {
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    const SecretBytes typed = code.text().Clone();
    return Restore(store_, floor_, {account_, typed.view(), OneRealm(floor), signer},
                   [this](const Epoch& epoch) { visited_.push_back(epoch.sequence()); });
  }

  // A device that stands still while the others go on: what a thief has.
  Mailbox CopyOf(const Mailbox& mailbox) { return Mailbox(store_, floor_, mailbox.state().Clone()); }

  const AccountName account_ = {"example", "alice"};
  Content content_;
  testing::MemoryStore store_{content_};
  KeptFloor floor_;
  std::vector<uint64_t> visited_;
};

}  // namespace labrec::recovery::labyrinth
