#include "recovery/labyrinth/base/hpke.h"

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "recovery/labyrinth/base/reason.h"
#include "tests/unit/recovery/labyrinth/vectors.h"

namespace labrec::recovery::labyrinth {
namespace {

DhKeyPair PairOf(const Bytes& scalar) {
  return DhKeyPair(*P256Scalar::Parse(scalar));
}

HpkeParameters ParametersOf(HpkeAead aead, const VectorFile::Section& figures) {
  return {aead, figures.at("info"), figures.at("psk"), figures.at("psk_id")};
}

TEST(HpkeVectors, Rfc9180AppendixA34) {
  const VectorFile file("rfc9180_a3_4_p256_authpsk.txt");
  ASSERT_EQ(file.sections().size(), 5U);
  const auto& figures = file.sections()[0];
  const HpkeParameters parameters = ParametersOf(HpkeAead::kAes128Gcm, figures);
  const DhKeyPair sender = PairOf(figures.at("skSm"));
  const DhKeyPair recipient = PairOf(figures.at("skRm"));
  EXPECT_EQ(ToBytes(sender.public_key().Uncompressed()), figures.at("pkSm"));
  EXPECT_EQ(ToBytes(recipient.public_key().Uncompressed()), figures.at("pkRm"));

  HpkeSender setup =
      SetupAuthPskSenderWithEphemeral(parameters, recipient.public_key(), sender, PairOf(figures.at("skEm")));
  EXPECT_EQ(ToBytes(setup.encapsulated), figures.at("enc"));
  auto opener = SetupAuthPskRecipient(parameters, figures.at("enc"), recipient, sender.public_key());
  ASSERT_TRUE(opener.ok()) << opener.status();
  size_t checked = 0;
  for (int sequence = 0; sequence < 256; ++sequence) {
    const Bytes aad = ToBytes("Count-" + std::to_string(sequence));
    const Bytes sealed = setup.context.Seal(aad, figures.at("pt"));
    const auto opened = opener->Open(aad, sealed);
    ASSERT_TRUE(opened.ok()) << sequence;
    EXPECT_EQ(ToBytes(opened->view()), figures.at("pt"));
    for (size_t i = 1; i < file.sections().size(); ++i) {
      if (file.sections()[i].at("aad") != aad) continue;
      EXPECT_EQ(sealed, file.sections()[i].at("ct")) << sequence;
      ++checked;
    }
  }
  EXPECT_EQ(checked, 4U);
}

// Byte-for-byte equality of what both seal: so each opens what the other sealed.
TEST(HpkeVectors, AgreesWithHpkeCoreInBothDirections) {
  const VectorFile file("hpke_core_authpsk_aes256gcm.txt");
  ASSERT_EQ(file.sections().size(), 17U);
  for (size_t i = 1; i < file.sections().size(); ++i) {
    const auto& figures = file.sections()[i];
    const HpkeParameters parameters = ParametersOf(HpkeAead::kAes256Gcm, figures);
    const DhKeyPair sender = PairOf(figures.at("skSm"));
    const DhKeyPair recipient = PairOf(figures.at("skRm"));
    EXPECT_EQ(ToBytes(sender.public_key().Uncompressed()), figures.at("pkSm"));
    HpkeSender setup = SetupAuthPskSenderWithEphemeral(parameters, recipient.public_key(), sender,
                                                       PairOf(figures.at("skEm")));
    EXPECT_EQ(ToBytes(setup.encapsulated), figures.at("enc"));
    EXPECT_EQ(setup.context.Seal({}, figures.at("pt")), figures.at("ct"));
    Bytes sealed = figures.at("enc");
    sealed.insert(sealed.end(), figures.at("ct").begin(), figures.at("ct").end());
    const auto opened = HpkeOpen(parameters, recipient, sender.public_key(), sealed);
    ASSERT_TRUE(opened.ok()) << i << opened.status();
    EXPECT_EQ(ToBytes(opened->view()), figures.at("pt"));
  }
}

class HpkeNegative : public ::testing::Test {
 protected:
  HpkeParameters Parameters() const { return {HpkeAead::kAes256Gcm, info_, psk_, psk_id_}; }

  static void ExpectRefused(const absl::StatusOr<SecretBytes>& result, Reason reason) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(ReasonOf(result.status()), reason) << result.status();
  }

  const Bytes info_ = ToBytes("epoch 7");
  const Bytes psk_ = Bytes(32, 0x42);
  const Bytes psk_id_ = ToBytes("epoch 6");
  const DhKeyPair sender_ = DhKeyPair::Generate();
  const DhKeyPair recipient_ = DhKeyPair::Generate();
  const Bytes sealed_ = HpkeSeal(Parameters(), recipient_.public_key(), sender_, AsBytes("entropy"));
};

TEST_F(HpkeNegative, OpensAsSealed) {
  const auto opened = HpkeOpen(Parameters(), recipient_, sender_.public_key(), sealed_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(AsText(opened->view()), "entropy");
}

TEST_F(HpkeNegative, WrongSenderRecipientPskOrInfo) {
  const DhKeyPair other = DhKeyPair::Generate();
  ExpectRefused(HpkeOpen(Parameters(), recipient_, other.public_key(), sealed_), Reason::kNotOpened);
  ExpectRefused(HpkeOpen(Parameters(), other, sender_.public_key(), sealed_), Reason::kNotOpened);
  const Bytes other_psk(32, 0x43);
  const Bytes other_text = ToBytes("epoch 8");
  HpkeParameters wrong = Parameters();
  wrong.psk = other_psk;
  ExpectRefused(HpkeOpen(wrong, recipient_, sender_.public_key(), sealed_), Reason::kNotOpened);
  wrong = Parameters();
  wrong.psk_id = other_text;
  ExpectRefused(HpkeOpen(wrong, recipient_, sender_.public_key(), sealed_), Reason::kNotOpened);
  wrong = Parameters();
  wrong.info = other_text;
  ExpectRefused(HpkeOpen(wrong, recipient_, sender_.public_key(), sealed_), Reason::kNotOpened);
}

TEST_F(HpkeNegative, EveryFlippedBitAndEveryLength) {
  for (size_t bit = 0; bit < sealed_.size() * 8; ++bit) {
    Bytes flipped = sealed_;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(HpkeOpen(Parameters(), recipient_, sender_.public_key(), flipped).ok()) << bit;
  }
  for (size_t size = 0; size < sealed_.size(); ++size) {
    const ByteView cut = ByteView(sealed_).first(size);
    EXPECT_FALSE(HpkeOpen(Parameters(), recipient_, sender_.public_key(), cut).ok()) << size;
  }
  Bytes longer = sealed_;
  longer.push_back(0);
  ExpectRefused(HpkeOpen(Parameters(), recipient_, sender_.public_key(), longer), Reason::kNotOpened);
}

TEST_F(HpkeNegative, InvalidPoints) {
  const auto with_point = [&](const Bytes& point) {
    Bytes changed = sealed_;
    std::copy(point.begin(), point.end(), changed.begin());
    return HpkeOpen(Parameters(), recipient_, sender_.public_key(), changed);
  };
  ExpectRefused(with_point(Bytes(65, 0)), Reason::kMalformed);  // identity-like
  Bytes off_curve = ToBytes(P256Point::Generator().Uncompressed());
  off_curve[64] ^= 1;
  ExpectRefused(with_point(off_curve), Reason::kMalformed);
  Bytes not_reduced(65, 0xff);
  not_reduced[0] = 0x04;
  ExpectRefused(with_point(not_reduced), Reason::kMalformed);
  Bytes hybrid = ToBytes(P256Point::Generator().Uncompressed());
  hybrid[0] = 0x06;
  ExpectRefused(with_point(hybrid), Reason::kMalformed);
  const auto compressed = P256Point::Generator().Compressed();
  EXPECT_EQ(
      ReasonOf(SetupAuthPskRecipient(Parameters(), compressed, recipient_, sender_.public_key()).status()),
      Reason::kMalformed);
}

TEST_F(HpkeNegative, AFailedOpeningLeavesTheContextWhereItWas) {
  HpkeSender setup = SetupAuthPskSender(Parameters(), recipient_.public_key(), sender_);
  auto context = SetupAuthPskRecipient(Parameters(), setup.encapsulated, recipient_, sender_.public_key());
  ASSERT_TRUE(context.ok());
  const Bytes first = setup.context.Seal({}, AsBytes("first"));
  EXPECT_FALSE(context->Open(AsBytes("other"), first).ok());
  EXPECT_TRUE(context->Open({}, first).ok());
  EXPECT_FALSE(context->Open({}, first).ok());  // the same message again has another number
}

}  // namespace
}  // namespace labrec::recovery::labyrinth
