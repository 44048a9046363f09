#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/epoch/member.h"
#include "recovery/labyrinth/epoch/open_epoch.h"
#include "tests/unit/recovery/labyrinth/world.h"

namespace labrec::recovery::labyrinth {
namespace {

class MembersTest : public World {
 protected:
  // A device that nobody let in, with right signatures of its own.
  Member Stranger() {
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    return *MakeDevice(account_, signer, DhKeyPair::Generate().public_key(),
                       DhKeyPair::Generate().public_key());
  }

  void Plant(const MemberId& id, const Bytes& entry) { content_.epochs.back().members[id] = entry; }

  // Opens an epoch and expects exactly this member to be left out, and the laptop to stay.
  void ExpectLeftOut(const MemberId& id, LeftOutWhy why) {
    const auto rotation = phone_.Rotate();
    ASSERT_TRUE(rotation.ok()) << rotation.status();
    ASSERT_EQ(rotation->left_out.size(), 1U);
    EXPECT_EQ(rotation->left_out[0].id, id);
    EXPECT_EQ(rotation->left_out[0].why, why) << LeftOutWhyName(rotation->left_out[0].why);
    EXPECT_FALSE(content_.epochs.back().members.contains(id));
    EXPECT_FALSE(content_.epochs.back().deliveries.contains(id));
    EXPECT_TRUE(content_.epochs.back().members.contains(phone_.state().self.id));
  }

  const Epoch& epoch() const { return phone_.state().epoch; }

  Mailbox phone_ = NewMailbox();
  Mailbox laptop_ = AddDevice(phone_);
};

TEST_F(MembersTest, PlantedDevice) {
  const Member stranger = Stranger();
  const Epoch guessed(0, epoch().id(), epoch().opening_hash(), SecretBytes::Random(32));
  Plant(stranger.id, MakeMemberEntry(guessed, account_, stranger));
  const auto members = phone_.Members();
  ASSERT_TRUE(members.ok());
  EXPECT_EQ(members->size(), 3U);
  for (const MemberStatus& row : *members) {
    EXPECT_EQ(row.member.has_value(), row.id != stranger.id);
    if (row.id == stranger.id) EXPECT_FAILS(row.check, kDataLoss, kWrongMac);
  }
  ExpectLeftOut(stranger.id, LeftOutWhy::kWrongMac);
}

TEST_F(MembersTest, MacOfAnEarlierEpoch) {
  const Bytes old_entry = content_.epochs.back().members.at(laptop_.state().self.id);
  ASSERT_TRUE(phone_.Rotate().ok());
  Plant(laptop_.state().self.id, old_entry);
  ExpectLeftOut(laptop_.state().self.id, LeftOutWhy::kWrongMac);
}

TEST_F(MembersTest, EveryFlippedByteOfAnEntry) {
  const Bytes entry = content_.epochs.back().members.at(laptop_.state().self.id);
  ASSERT_TRUE(OpenMemberEntry(epoch(), account_, entry).ok());
  for (size_t byte = 0; byte < entry.size(); ++byte) {
    Bytes changed = entry;
    changed[byte] ^= 0x01;
    EXPECT_FALSE(OpenMemberEntry(epoch(), account_, changed).ok()) << byte;
    EXPECT_FALSE(OpenMemberEntry(epoch(), account_, ByteView(entry).first(byte)).ok()) << byte;
  }
  Bytes longer = entry;
  longer.push_back(0);
  EXPECT_FAILS(OpenMemberEntry(epoch(), account_, longer), kDataLoss, kMalformed);
  EXPECT_FAILS(OpenMemberEntry(epoch(), {"example", "bob"}, entry), kDataLoss, kWrongMac);
}

TEST_F(MembersTest, WrongMac) {
  Bytes entry = content_.epochs.back().members.at(laptop_.state().self.id);
  entry.back() ^= 1;
  Plant(laptop_.state().self.id, entry);
  ExpectLeftOut(laptop_.state().self.id, LeftOutWhy::kWrongMac);
}

TEST_F(MembersTest, StorageKeySwappedByTheStore) {
  Member changed = laptop_.state().self;
  changed.storage.key = DhKeyPair::Generate().public_key();
  const Bytes entry = content_.epochs.back().members.at(changed.id);
  const Bytes encoding = changed.Encode();
  Plant(changed.id, Writer().Lp(encoding).Raw(ByteView(entry).last(32)).bytes());
  ExpectLeftOut(changed.id, LeftOutWhy::kWrongMac);
}

// A member knows the MAC key; what it cannot make is another device's signature.
TEST_F(MembersTest, StorageKeySwappedByAMember) {
  Member changed = laptop_.state().self;
  changed.storage.key = DhKeyPair::Generate().public_key();
  Plant(changed.id, MakeMemberEntry(epoch(), account_, changed));
  ExpectLeftOut(changed.id, LeftOutWhy::kWrongSignature);
}

TEST_F(MembersTest, AuthKeySwappedByAMember) {
  Member changed = laptop_.state().self;
  changed.auth->key = DhKeyPair::Generate().public_key();
  Plant(changed.id, MakeMemberEntry(epoch(), account_, changed));
  ExpectLeftOut(changed.id, LeftOutWhy::kWrongSignature);
}

// Signatures made for one purpose do not serve another.
TEST_F(MembersTest, CrossedPurposes) {
  Member crossed = laptop_.state().self;
  std::swap(crossed.storage, *crossed.auth);
  Plant(crossed.id, MakeMemberEntry(epoch(), account_, crossed));
  EXPECT_FAILS(CheckSignatures(account_, crossed), kDataLoss, kWrongSignature);
  ExpectLeftOut(crossed.id, LeftOutWhy::kWrongSignature);
}

TEST_F(MembersTest, DeviceTakenForAVirtualDeviceAndBack) {
  Member as_virtual = laptop_.state().self;
  as_virtual.kind = MemberKind::kVirtualDevice;
  as_virtual.auth.reset();
  EXPECT_FAILS(CheckSignatures(account_, as_virtual), kDataLoss, kWrongSignature);
  SoftwareSigner signer(EcdsaPrivateKey::Generate());
  const P256Point key = DhKeyPair::Generate().public_key();
  Member as_device = *MakeVirtualDevice(account_, signer.public_key().DeviceId(), signer, key);
  as_device.kind = MemberKind::kDevice;
  as_device.auth = as_device.storage;
  EXPECT_FAILS(CheckSignatures(account_, as_device), kDataLoss, kWrongSignature);
  Plant(as_device.id, MakeMemberEntry(epoch(), account_, as_device));
  ExpectLeftOut(as_device.id, LeftOutWhy::kWrongSignature);
}

TEST_F(MembersTest, SignaturesOfAnotherAccountOrId) {
  EXPECT_FAILS(CheckSignatures({"example", "bob"}, laptop_.state().self), kDataLoss, kWrongSignature);
  Member renamed = laptop_.state().self;
  renamed.id = RandomId();
  EXPECT_FAILS(CheckSignatures(account_, renamed), kDataLoss, kWrongSignature);
}

TEST_F(MembersTest, MalformedEntryAndEntryUnderAnotherId) {
  Plant(laptop_.state().self.id, ToBytes("nonsense"));
  ExpectLeftOut(laptop_.state().self.id, LeftOutWhy::kMalformed);
  const MemberId other = RandomId();
  Plant(other, content_.epochs.back().members.at(phone_.state().self.id));
  ExpectLeftOut(other, LeftOutWhy::kMalformed);
}

TEST_F(MembersTest, AMemberThatTheStoreHidesIsReported) {
  ASSERT_TRUE(phone_.Rotate().ok());  // now the laptop stands in the opening record
  content_.epochs.back().members.erase(laptop_.state().self.id);
  ExpectLeftOut(laptop_.state().self.id, LeftOutWhy::kHidden);
}

TEST_F(MembersTest, AnotherOpeningRecordOfTheCurrentEpochIsRefused) {
  ASSERT_TRUE(phone_.Rotate().ok());
  content_.epochs.back().stored.opening.back() ^= 1;
  EXPECT_FAILS(phone_.Rotate(), kDataLoss, kForked);
  EXPECT_EQ(content_.epochs.size(), 2U);
}

TEST_F(MembersTest, ItsOwnEntryMissingStopsTheOpener) {
  content_.epochs.back().members.erase(phone_.state().self.id);
  EXPECT_FAILS(phone_.Rotate(), kDataLoss, kMissing);
  EXPECT_EQ(content_.epochs.size(), 1U);
}

TEST_F(MembersTest, DeviceKeysInHardwareOnlySign) {
  // The signer's failure comes out as it is.
  class Broken : public DeviceSigner {
   public:
    const EcdsaPublicKey& public_key() const override { return key_.public_key(); }
    absl::StatusOr<DeviceSignature> Sign(ByteView) override { return absl::UnavailableError("no chip"); }

   private:
    EcdsaPrivateKey key_ = EcdsaPrivateKey::Generate();
  } broken;
  EXPECT_EQ(PendingDevice::Make(account_, broken).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace labrec::recovery::labyrinth
