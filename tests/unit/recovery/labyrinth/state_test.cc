#include "recovery/labyrinth/device_state.h"
#include "recovery/labyrinth/epoch/opening_record.h"
#include "tests/unit/recovery/labyrinth/world.h"

namespace labrec::recovery::labyrinth {
namespace {

class StateTest : public World {
 protected:
  Mailbox phone_ = NewMailbox();
};

TEST_F(StateTest, ComesBackWhole) {
  const SecretBytes saved = phone_.state().Serialize();
  const auto state = DeviceState::Parse(saved.view());
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->account, account_);
  EXPECT_EQ(state->self.id, phone_.state().self.id);
  EXPECT_TRUE(state->Serialize().Equals(saved.view()));
  Mailbox again(store_, floor_, state->Clone());
  Send(again, "a", "still a member");
}

TEST_F(StateTest, CutOrMixedStatesAreRefused) {
  const SecretBytes saved = phone_.state().Serialize();
  for (size_t size = 0; size < saved.size(); ++size) {
    EXPECT_FALSE(DeviceState::Parse(saved.view().first(size)).ok()) << size;
  }
  DeviceState mixed = phone_.state().Clone();
  std::swap(mixed.storage, mixed.auth);
  EXPECT_FAILS(DeviceState::Parse(mixed.Serialize().view()), kDataLoss, kMalformed);
}

TEST_F(StateTest, RequestsToJoinAreChecked) {
  SoftwareSigner signer(EcdsaPrivateKey::Generate());
  const auto pending = PendingDevice::Make(account_, signer);
  ASSERT_TRUE(pending.ok());
  const SecretBytes request = pending->Request().Serialize();
  for (size_t size = 0; size < request.size(); ++size) {
    EXPECT_FAILS(JoinRequest::Parse(request.view().first(size)), kInvalidArgument, kMalformed);
  }
  JoinRequest swapped = pending->Request();
  swapped.member.storage.key = DhKeyPair::Generate().public_key();
  EXPECT_FAILS(JoinRequest::Parse(swapped.Serialize().view()), kInvalidArgument, kWrongSignature);
  const AccountName bob{"example", "bob"};
  const auto others = PendingDevice::Make(bob, signer);
  EXPECT_EQ(phone_.Invite(others->Request()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(content_.epochs[0].members.size(), 1U);
}

TEST_F(StateTest, OnlyTheInvitedDeviceWithItsSecretOpensAnInvitation) {
  SoftwareSigner signer(EcdsaPrivateKey::Generate());
  const auto pending = PendingDevice::Make(account_, signer);
  EXPECT_EQ(Mailbox::Accept(store_, floor_, *pending).status().code(), absl::StatusCode::kNotFound);
  const Bytes invitation = MakeInvitation(phone_.state(), pending->Request());
  ASSERT_TRUE(OpenInvitation(*pending, invitation).ok());

  JoinRequest guessed = pending->Request();  // the store answers in a member's place, without the secret
  guessed.pairing_secret = SecretBytes::Random(32);
  EXPECT_FAILS(OpenInvitation(*pending, MakeInvitation(phone_.state(), guessed)), kDataLoss, kNotOpened);
  const auto other = PendingDevice::Make(account_, signer);
  EXPECT_FAILS(OpenInvitation(*other, invitation), kDataLoss, kNotOpened);
  for (size_t byte = 0; byte < invitation.size(); ++byte) {
    Bytes changed = invitation;
    changed[byte] ^= 1;
    EXPECT_FALSE(OpenInvitation(*pending, changed).ok()) << byte;
  }
}

TEST_F(StateTest, AWaitingDeviceComesBackWhole) {
  SoftwareSigner signer(EcdsaPrivateKey::Generate());
  auto pending = PendingDevice::Make(account_, signer);
  ASSERT_TRUE(pending.ok());
  const Bytes invitation = MakeInvitation(phone_.state(), pending->Request());
  const SecretBytes saved = pending->Serialize();
  const auto again = PendingDevice::Parse(saved.view());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(OpenInvitation(*again, invitation).ok());
  for (size_t size = 0; size < saved.size(); ++size) {
    EXPECT_FAILS(PendingDevice::Parse(saved.view().first(size)), kDataLoss, kMalformed);
  }
  std::swap(pending->storage, pending->auth);
  EXPECT_FAILS(PendingDevice::Parse(pending->Serialize().view()), kDataLoss, kMalformed);
}

TEST_F(StateTest, OpeningRecordsHaveOneForm) {
  AddDevice(phone_);
  ASSERT_TRUE(phone_.Rotate().ok());
  const Bytes encoded = content_.epochs.back().stored.opening;
  auto record = OpeningRecord::Parse(account_, encoded);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->Encode(account_), encoded);
  EXPECT_EQ(record->members.size(), 2U);
  for (size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_FAILS(OpeningRecord::Parse(account_, ByteView(encoded).first(size)), kDataLoss, kMalformed);
  }
  EXPECT_FAILS(OpeningRecord::Parse({"example", "bob"}, encoded), kDataLoss, kMalformed);
  std::swap(record->members[0], record->members[1]);  // not ascending
  EXPECT_FAILS(OpeningRecord::Parse(account_, record->Encode(account_)), kDataLoss, kMalformed);
  record->members[0] = record->members[1];  // twice the same
  EXPECT_FAILS(OpeningRecord::Parse(account_, record->Encode(account_)), kDataLoss, kMalformed);
}

TEST(Epochs, KeysAreSeparate) {
  const Epoch epoch(3, RandomId(), Sha256("opening"), SecretBytes::Random(32));
  std::vector<SecretBytes> keys;
  keys.push_back(epoch.SecretRoot().Clone());
  keys.push_back(epoch.DataStorageKey());
  keys.push_back(epoch.DeviceMacKey());
  keys.push_back(epoch.NextPsk());
  keys.push_back(epoch.ThreadKey("a"));
  keys.push_back(epoch.ThreadKey("b"));
  keys.push_back(epoch.ThreadKey(""));
  keys.push_back(SecretBytes::CopyOf(epoch.GetFloor().digest));
  keys.push_back(epoch.NextRoot(Bytes(32, 1)));
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = i + 1; j < keys.size(); ++j)
      EXPECT_FALSE(keys[i].Equals(keys[j].view())) << i << " " << j;
  }
}

TEST(Epochs, TheNextRootNeedsBothTheEntropyAndThePreviousRoot) {
  const Epoch epoch(3, {}, {}, SecretBytes::Random(32));
  const Epoch other(3, {}, {}, SecretBytes::Random(32));
  const Bytes entropy(32, 1);
  EXPECT_FALSE(epoch.NextRoot(entropy).Equals(other.NextRoot(entropy).view()));
  EXPECT_FALSE(epoch.NextRoot(entropy).Equals(epoch.NextRoot(Bytes(32, 2)).view()));
  EXPECT_TRUE(epoch.NextRoot(entropy).Equals(epoch.Clone().NextRoot(entropy).view()));
}

TEST(Epochs, TheFloorsDigestBindsRootAndOpening) {
  const SecretBytes root = SecretBytes::Random(32);
  const Epoch epoch(3, {}, Sha256("a"), root.Clone());
  EXPECT_EQ(epoch.GetFloor(), epoch.Clone().GetFloor());
  EXPECT_NE(epoch.GetFloor().digest, Epoch(3, {}, Sha256("b"), root.Clone()).GetFloor().digest);
  EXPECT_NE(epoch.GetFloor().digest, Epoch(3, {}, Sha256("a"), SecretBytes::Random(32)).GetFloor().digest);
}

}  // namespace
}  // namespace labrec::recovery::labyrinth
