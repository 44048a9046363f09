#include <algorithm>

#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "hsm/tpm2/address.h"
#include "hsm/tpm2/describe.h"
#include "hsm/tpm2/link/authorization.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm2/realm/anchor_message.h"

namespace labrec::hsm::tpm2 {
namespace {

TEST(TpmAuthorization, IsStableAndDiffersByPurpose) {
  const SecretBytes authorization = SecretBytes::Random(32);
  const auto a = AuthValue(authorization, kEvaluationKeyAuth);
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(a->size(), 32U);
  EXPECT_TRUE(AuthValue(authorization, kEvaluationKeyAuth)->Equals(a->view()));
  for (const char* other : {kHmacKeyAuth, kCounterAuth, kClaimAuth}) {
    EXPECT_FALSE(AuthValue(authorization, other)->Equals(a->view())) << other;
  }
  EXPECT_FALSE(a->Equals(authorization.view()));
}

// tpm2-tss 3.2 fails with values that end in a zero byte: one in 256, if nothing were done.
TEST(TpmAuthorization, NeverEndsInZero) {
  for (int i = 0; i < 4096; ++i) {
    const auto value = AuthValue(SecretBytes::Random(32), kCounterAuth);
    ASSERT_TRUE(value.ok());
    ASSERT_NE(value->view().back(), 0);
  }
}

TEST(TpmAuthorization, HasThirtyTwoBytes) {
  EXPECT_TRUE(absl::IsInvalidArgument(AuthValue(SecretBytes(), kCounterAuth).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(AuthValue(SecretBytes::Random(31), kCounterAuth).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(AuthValue(SecretBytes::Random(33), kCounterAuth).status()));
}

// LP("labyrinth-recovery/v1/anchor") || LP(realm_id) || U64(epoch) || digest, written out.
TEST(TpmEvidence, Layout) {
  Digest digest;
  digest.fill(0xDD);
  const Bytes realm(16, 0xAA);
  EXPECT_EQ(Hex(AnchorMessage(realm, 0x0102030405060708, digest)),
            "001c6c616279"
            "72696e74682d"
            "7265636f76657279"
            "2f76312f616e63686f72" +
                std::string("0010aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") + "0102030405060708" +
                "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd");
}

TEST(TpmEvidence, IsToldFromOtherMessages) {
  const Bytes message = AnchorMessage(Bytes(16, 1), 7, Digest{});
  EXPECT_TRUE(IsAnchorMessage(message));
  EXPECT_TRUE(IsAnchorMessage(ByteView(message).first(30)));
  EXPECT_FALSE(IsAnchorMessage(ByteView(message).first(29)));
  EXPECT_FALSE(IsAnchorMessage(ByteView(message).subspan(1)));
  EXPECT_FALSE(IsAnchorMessage(ToBytes("record")));
  EXPECT_FALSE(IsAnchorMessage({}));
}

TEST(TpmDescription, KnowsSimulatorsAndHypervisors) {
  const DeviceDescription swtpm = DescriptionOf("IBM", "SW   TPM", "1.2.3.4");
  EXPECT_TRUE(swtpm.is_simulator);
  EXPECT_FALSE(swtpm.warning.empty());
  EXPECT_EQ(swtpm.kind, "tpm2");
  for (const char* cloud : {"MSFT", "GOOG", "AMZN", "VMW "}) {
    EXPECT_FALSE(DescriptionOf(cloud, "vTPM", "1").is_simulator) << cloud;
    EXPECT_FALSE(DescriptionOf(cloud, "vTPM", "1").warning.empty()) << cloud;
  }
  for (const char* chip : {"IFX", "STM ", "NTC", "INTC", "AMD", "IBM"}) {
    EXPECT_FALSE(DescriptionOf(chip, "chip", "1").is_simulator) << chip;
    EXPECT_TRUE(DescriptionOf(chip, "chip", "1").warning.empty()) << chip;
  }
}

TEST(TpmAddress, NamesATcti) {
  EXPECT_EQ(*TctiOf({"tpm2:device:/dev/tpmrm0"}), "device:/dev/tpmrm0");
  for (const char* wrong : {"", "tpm2", "tpm2:", "pkcs11:token=x", "TPM2:device", " tpm2:device"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(TctiOf({wrong}).status())) << wrong;
  }
}

TEST(TpmPublicArea, PointsKeepTheirLeadingZeros) {
  for (int i = 0; i < 600; ++i) {  // one x in 256 begins with a zero byte
    const P256Point point = P256Point::Generator().Times(P256Scalar::Random());
    TPMS_ECC_POINT tpm = ToTpm(point).point;
    for (TPM2B_ECC_PARAMETER* coordinate : {&tpm.x, &tpm.y}) {  // as some TPMs give them
      while (coordinate->buffer[0] == 0) {
        std::copy(coordinate->buffer + 1, coordinate->buffer + coordinate->size, coordinate->buffer);
        --coordinate->size;
      }
    }
    ASSERT_EQ(*FromTpm(tpm), point);
  }
}

TEST(TpmPublicArea, WhatIsNoPointIsRefused) {
  TPMS_ECC_POINT point = ToTpm(P256Point::Generator()).point;
  point.y.buffer[31] ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(FromTpm(point).status()));
  point = ToTpm(P256Point::Generator()).point;
  point.x.size = 33;
  EXPECT_TRUE(absl::IsDataLoss(FromTpm(point).status()));
  EXPECT_TRUE(absl::IsDataLoss(FromTpm(TPMS_ECC_POINT{}).status()));
}

TEST(TpmPublicArea, TellsKindsOfKeysApart) {
  TPM2B_PUBLIC made = EvaluationKeyTemplate();
  made.publicArea.unique.ecc = ToTpm(P256Point::Generator()).point;
  EXPECT_TRUE(MadeFrom(made, EvaluationKeyTemplate()));
  EXPECT_FALSE(MadeFrom(made, StorageKeyTemplate()));
  EXPECT_FALSE(MadeFrom(made, HmacKeyTemplate()));
  EXPECT_TRUE(IsStorageKey(StorageKeyTemplate()));
  EXPECT_FALSE(IsStorageKey(EvaluationKeyTemplate()));
  EXPECT_FALSE(IsStorageKey(HmacKeyTemplate()));
  TPM2B_PUBLIC counted = StorageKeyTemplate();
  counted.publicArea.objectAttributes &= ~TPMA_OBJECT_NODA;
  EXPECT_FALSE(IsStorageKey(counted)) << "a locked chip would not load keys under it";
  // Each attribute counts: a key that could leave the TPM is not ours.
  for (int bit = 0; bit < 32; ++bit) {
    TPM2B_PUBLIC other = made;
    other.publicArea.objectAttributes ^= 1U << bit;
    EXPECT_FALSE(MadeFrom(other, EvaluationKeyTemplate())) << bit;
  }
}

TEST(TpmPublicArea, IsUnmarshalledWholeOrNotAtAll) {
  const Bytes bytes = Marshal(EvaluationKeyTemplate());
  ASSERT_TRUE(UnmarshalPublic(bytes).ok());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(UnmarshalPublic(ByteView(bytes).first(size)).ok()) << size;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(UnmarshalPublic(longer).ok());
}

}  // namespace
}  // namespace labrec::hsm::tpm2
