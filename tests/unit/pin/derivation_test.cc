// Byte strings and keys derived by label: their layouts, and that every input matters.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "pin/oprf/oprf.h"
#include "pin/pin_input.h"
#include "pin/record_keys.h"
#include "pin/sharing/commitment.h"
#include "pin/sharing/share_mask.h"

namespace labrec::pin {
namespace {

constexpr char kRealm[] = "000102030405060708090a0b0c0d0e0f";

Bytes RealmId() {
  return FromHex(kRealm).value();
}
SecretBytes Filled(uint8_t byte, size_t size = 32) {
  return SecretBytes::CopyOf(Bytes(size, byte));
}
std::string HexOf(const SecretBytes& bytes) {
  return Hex(bytes.view());
}

TEST(PinInput, Layout) {
  EXPECT_EQ(HexOf(OprfInput("ten", "acc", "rec", 0x01020304, Filled(0xee))),
            "0019" + Hex(AsBytes("labyrinth-recovery/v1/pin")) + "0003" + Hex(AsBytes("ten")) + "0003" +
                Hex(AsBytes("acc")) + "0003" + Hex(AsBytes("rec")) + "01020304" + Hex(Bytes(32, 0xee)));
}

TEST(RecordDerivationInput, Layout) {
  EXPECT_EQ(Hex(RecordDerivationInput(RealmId(), "ten", "acc", "rec", 0x01020304, Bytes(32, 0xdd))),
            Hex(AsBytes("record")) + "0010" + kRealm + "0003" + Hex(AsBytes("ten")) + "0003" +
                Hex(AsBytes("acc")) + "0003" + Hex(AsBytes("rec")) + "01020304" + Hex(Bytes(32, 0xdd)));
}

// Names cannot run into each other: ("ab", "c") is not ("a", "bc").
TEST(Layouts, NamesAreSeparate) {
  EXPECT_NE(HexOf(OprfInput("ab", "c", "r", 1, Filled(1))), HexOf(OprfInput("a", "bc", "r", 1, Filled(1))));
  EXPECT_NE(RecordDerivationInput(RealmId(), "t", "ab", "c", 1, Bytes(32)),
            RecordDerivationInput(RealmId(), "t", "a", "bc", 1, Bytes(32)));
}

TEST(RecordKeys, TweakAndSealComeFromDAlone) {
  const SecretBytes d = Filled(0x11);
  EXPECT_TRUE(
      SameBytes(RecordTweak(d).SecretBytesView(),
                OprfHashToScalar(HkdfExpand(d.view(), AsBytes("tweak"), 32).view()).SecretBytesView()));
  EXPECT_EQ(HexOf(SealKey(d)), HexOf(HkdfExpand(d.view(), AsBytes("seal"), 32)));
  EXPECT_FALSE(SameBytes(RecordTweak(d).SecretBytesView(), RecordTweak(Filled(0x12)).SecretBytesView()));
  EXPECT_NE(HexOf(SealKey(d)), HexOf(SealKey(Filled(0x12))));
}

TEST(ShareMask, DependsOnAllItsInputs) {
  Bytes other_realm = RealmId();
  other_realm[15] ^= 1;
  const std::set<std::string> masks = {
      HexOf(ShareMask(Filled(1), RealmId(), 1)), HexOf(ShareMask(Filled(2), RealmId(), 1)),
      HexOf(ShareMask(Filled(1), other_realm, 1)), HexOf(ShareMask(Filled(1), RealmId(), 2))};
  EXPECT_EQ(masks.size(), 4U);
  EXPECT_EQ(
      HexOf(ShareMask(Filled(1), RealmId(), 258)),
      HexOf(Hkdf(Filled(1).view(), {},
                 FromHex(Hex(AsBytes("labyrinth-recovery/v1/mask")) + kRealm + "00000102").value(), 32)));
}

TEST(ShareMask, MaskingComesBack) {
  const SecretBytes share = SecretBytes::Random(32);
  const SecretBytes mask = ShareMask(Filled(1), RealmId(), 1);
  const Bytes masked = MaskShare(share, mask);
  EXPECT_FALSE(share.Equals(masked));
  EXPECT_TRUE(UnmaskShare(masked, mask)->Equals(share.view()));
  EXPECT_EQ(Hex(MaskShare(Filled(0xf0), Filled(0x3c))), Hex(Bytes(32, 0xcc)));
  for (size_t size : {0, 31, 33}) {
    EXPECT_EQ(UnmaskShare(Bytes(size), mask).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Commitment, EveryFlippedBit) {
  const SecretBytes s = SecretBytes::Random(32);
  const Digest config = Sha256("config");
  const Digest commitment = Commit(s, config);
  EXPECT_TRUE(FitsCommitment(s, config, commitment));
  for (size_t bit = 0; bit < 256; ++bit) {
    const auto flip = static_cast<uint8_t>(1U << (bit % 8));
    SecretBytes other_s = s.Clone();
    other_s.data()[bit / 8] ^= flip;
    EXPECT_FALSE(FitsCommitment(other_s, config, commitment));
    Digest other = config;
    other[bit / 8] ^= flip;
    EXPECT_FALSE(FitsCommitment(s, other, commitment));
    other = commitment;
    other[bit / 8] ^= flip;
    EXPECT_FALSE(FitsCommitment(s, config, other));
  }
  EXPECT_FALSE(FitsCommitment(s, config, {}));
  EXPECT_FALSE(FitsCommitment(s, config, ByteView(commitment).first(31)));
}

TEST(Commitment, LabelsSeparateTheKeys) {
  const SecretBytes s = Filled(9);
  const Digest config = Sha256("config");
  const auto with_label = [&](std::string_view label) {
    Writer info;
    info.Raw(label).Raw(config);
    return HexOf(Hkdf(s.view(), {}, info.bytes(), 32));
  };
  EXPECT_EQ(Hex(Commit(s, config)), with_label("labyrinth-recovery/v1/commit"));
  EXPECT_EQ(HexOf(EncryptionKey(s, config)), with_label("labyrinth-recovery/v1/enc"));
}

TEST(UnlockKey, OneForEachRealmAndVersion) {
  Bytes other_realm = RealmId();
  other_realm[0] ^= 1;
  std::set<Bytes> keys;
  for (const SecretBytes& s : {Filled(1), Filled(2)}) {
    for (const Bytes& realm : {RealmId(), other_realm}) {
      for (uint32_t version : {1U, 2U}) keys.insert(UnlockKey(s, realm, version).public_key().Spki());
    }
  }
  EXPECT_EQ(keys.size(), 8U);
  EXPECT_EQ(UnlockKey(Filled(1), RealmId(), 1).public_key(), UnlockKey(Filled(1), RealmId(), 1).public_key());
}

TEST(DerivationsDeathTest, WrongSizesAbort) {
  EXPECT_DEATH(RecordDerivationInput(Bytes(15), "t", "a", "r", 1, Bytes(32)), "");
  EXPECT_DEATH(RecordDerivationInput(Bytes(16), "t", "a", "r", 1, Bytes(31)), "");
  EXPECT_DEATH(ShareMask(Filled(1), Bytes(17), 1), "");
  EXPECT_DEATH(UnlockKey(Filled(1), Bytes(15), 1), "");
  EXPECT_DEATH(MaskShare(Filled(1, 31), Filled(1)), "");
}

}  // namespace
}  // namespace labrec::pin
