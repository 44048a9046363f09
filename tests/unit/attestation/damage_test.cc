// Good evidence, damaged in every bit, cut at every length and lengthened: nothing of it is taken.

#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/attestation/captured.h"

namespace labrec::attestation {
namespace {

constexpr size_t kShards = 8;  // ctest runs them side by side

// Each bit of this shard's bytes, flipped alone.
void FlipBits(Bytes bytes, size_t shard, const std::function<absl::Status(ByteView)>& verify) {
  for (size_t i = shard; i < bytes.size(); i += kShards) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] = static_cast<uint8_t>(bytes[i] ^ (1U << bit));
      EXPECT_FALSE(verify(bytes).ok()) << "byte " << i << ", bit " << bit;
      bytes[i] = static_cast<uint8_t>(bytes[i] ^ (1U << bit));
    }
  }
}

class Damage : public testing::TestWithParam<size_t> {};

TEST_P(Damage, InAnyBitOfAChipRecordsEvidenceIsSeen) {
  const CapturedChip chip = CapturedChip::Load();
  ASSERT_TRUE(chip.VerifyEncoded(chip.encoded).ok()) << chip.VerifyEncoded(chip.encoded);
  FlipBits(chip.encoded, GetParam(), [&](ByteView bytes) { return chip.VerifyEncoded(bytes); });
}

TEST_P(Damage, InAnyBitOfARealmsEvidenceIsSeen) {
  const CapturedRealm realm = CapturedRealm::Load();
  ASSERT_TRUE(realm.VerifyEncoded(realm.encoded).ok()) << realm.VerifyEncoded(realm.encoded);
  FlipBits(realm.encoded, GetParam(), [&](ByteView bytes) { return realm.VerifyEncoded(bytes); });
}

INSTANTIATE_TEST_SUITE_P(Shards, Damage, testing::Range(size_t{0}, kShards));

TEST(Lengths, OfEncodedEvidenceAreExact) {
  const CapturedChip chip = CapturedChip::Load();
  const CapturedRealm realm = CapturedRealm::Load();
  for (size_t size = 0; size < chip.encoded.size(); ++size) {
    EXPECT_FALSE(DecodeChipEvidence(ByteView(chip.encoded).first(size)).ok()) << size;
  }
  for (size_t size = 0; size < realm.encoded.size(); ++size) {
    EXPECT_FALSE(DecodeRealmEvidence(ByteView(realm.encoded).first(size)).ok()) << size;
  }
  Bytes longer = chip.encoded;
  longer.push_back(0);
  EXPECT_FALSE(DecodeChipEvidence(longer).ok());
  EXPECT_FALSE(DecodeRealmEvidence(chip.encoded).ok()) << "another kind";
}

// Every part, cut at each length and with a byte too many, inside an outer form that is sound.
TEST(Lengths, OfEveryPartAreExact) {
  const CapturedChip chip = CapturedChip::Load();
  const std::vector<std::function<Bytes&(ChipEvidence&)>> parts = {
      [](ChipEvidence& e) -> Bytes& { return e.identity.ek_certificate; },
      [](ChipEvidence& e) -> Bytes& { return e.identity.intermediates[0]; },
      [](ChipEvidence& e) -> Bytes& { return e.identity.ek_public; },
      [](ChipEvidence& e) -> Bytes& { return e.identity.ak_public; },
      [](ChipEvidence& e) -> Bytes& { return e.activated; },
      [](ChipEvidence& e) -> Bytes& { return e.record_key.index_public; },
      [](ChipEvidence& e) -> Bytes& { return e.record_key.key_public; },
      [](ChipEvidence& e) -> Bytes& { return e.record_key.key_certified.attest; },
      [](ChipEvidence& e) -> Bytes& { return e.record_key.key_certified.signature; },
      [](ChipEvidence& e) -> Bytes& { return e.index_contents.attest; },
      [](ChipEvidence& e) -> Bytes& { return e.index_contents.signature; },
  };
  for (size_t part = 0; part < parts.size(); ++part) {
    ChipEvidence evidence = chip.Evidence();
    ASSERT_TRUE(chip.Verify(evidence).ok());
    Bytes& bytes = parts[part](evidence);
    const Bytes good = bytes;
    for (size_t size = 0; size < good.size(); ++size) {
      bytes.assign(good.begin(), good.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_FALSE(chip.Verify(evidence).ok()) << "part " << part << " cut to " << size;
    }
    for (uint8_t extra : Bytes{0x00, 0x01, 0xFF}) {
      bytes = good;
      bytes.push_back(extra);
      EXPECT_FALSE(chip.Verify(evidence).ok()) << "part " << part << " with a byte too many";
    }
  }
}

// What the chain needs has to be there; what it does not need may, and changes nothing.
TEST(Lists, OfIntermediatesHoldWhatTheChainNeeds) {
  const CapturedChip chip = CapturedChip::Load();
  ChipEvidence none = chip.Evidence();
  none.identity.intermediates.clear();
  EXPECT_FALSE(chip.Verify(none).ok());
  const Bytes other = CapturedRealm::Load().Evidence().identity.ek_certificate;
  ChipEvidence more = chip.Evidence();
  std::vector<Bytes>& sent = more.identity.intermediates;
  sent.insert(sent.begin(), {other, more.identity.ek_certificate, chip.expectation.trust.anchors[0]});
  EXPECT_EQ(chip.Verify(more), absl::OkStatus());
  EXPECT_TRUE(chip.IsIn(Encode(more)));
  sent = {other, more.identity.ek_certificate, chip.expectation.trust.anchors[0]};
  EXPECT_FALSE(chip.Verify(more).ok());
  ChipEvidence broken = chip.Evidence();
  broken.identity.intermediates.push_back({0x30, 0x00});
  EXPECT_EQ(chip.Verify(broken).code(), absl::StatusCode::kInvalidArgument) << "no certificate at all";
}

}  // namespace
}  // namespace labrec::attestation
