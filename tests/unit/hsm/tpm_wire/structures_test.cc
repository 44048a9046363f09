// The TPM's structures byte for byte: layouts written out by hand from TPM 2.0 Part 2, and what is not taken.

#include <gtest/gtest.h>

#include "attestation/verify/signature.h"
#include "attestation/verify/statement.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "hsm/tpm_wire/cp_hash.h"
#include "hsm/tpm_wire/tpms_attest.h"
#include "hsm/tpm_wire/tpms_nv_public.h"
#include "hsm/tpm_wire/tpmt_public.h"
#include "hsm/tpm_wire/tpmt_signature.h"
#include "tests/unit/attestation/captured.h"

namespace labrec::attestation {
namespace {

std::string Repeat(const std::string& hex, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += hex;
  return out;
}

const std::string kDigest = Repeat("5a", 32);

TEST(TpmtPublicLayout, Ecc) {
  // type, nameAlg, attributes, authPolicy, symmetric NULL, scheme ECDH SHA-256, P-256, kdf NULL, x, y
  const Bytes bytes = Unhex(
      "0023000b00020432"
      "0020" +
      kDigest +
      "0010"
      "0019000b"
      "0003"
      "0010"
      "0020" +
      Repeat("01", 32) + "001f" + Repeat("02", 31));
  const tpm::TpmtPublic area = tpm::TpmtPublic::Parse(bytes).value();
  EXPECT_EQ(area.attributes, tpm::CountedKeyAttributes());
  EXPECT_EQ(area.scheme, (tpm::Scheme{tpm::kAlgEcdh, tpm::kAlgSha256}));
  EXPECT_EQ(area.y.size(), 31U) << "a TPM may leave out leading zeros";
  EXPECT_EQ(area.Marshal(), bytes);
  EXPECT_EQ(Hex(area.Name()), "000b" + Hex(Sha256(bytes)));
}

TEST(TpmtPublicLayout, RsaStorageKey) {
  const Bytes bytes = Unhex("0001000b000300b20020" + kDigest +
                            "000600800043"
                            "0010"
                            "0800"
                            "00000000"
                            "0100" +
                            Repeat("c1", 256));
  const tpm::TpmtPublic area = tpm::TpmtPublic::Parse(bytes).value();
  EXPECT_EQ(area.symmetric, (tpm::SymmetricScheme{tpm::kAlgAes, 128, tpm::kAlgCfb}));
  EXPECT_EQ(area.key_bits, 2048);
  EXPECT_EQ(area.Marshal(), bytes);
}

TEST(TpmtPublicLayout, KeyedHash) {
  const Bytes bytes = Unhex(
      "0008000b00040472"
      "0000"
      "0005000b"
      "0020" +
      kDigest);
  const tpm::TpmtPublic area = tpm::TpmtPublic::Parse(bytes).value();
  EXPECT_EQ(area.unique_digest, Unhex(kDigest));
  EXPECT_EQ(area.Marshal(), bytes);
  Bytes sized = Unhex("0030");
  sized.insert(sized.end(), bytes.begin(), bytes.end());
  EXPECT_EQ(tpm::TpmtPublic::ParseSized(sized).value(), area);
  sized.push_back(0);
  EXPECT_FALSE(tpm::TpmtPublic::ParseSized(sized).ok());
}

TEST(TpmtPublicLayout, WhatNoTpmWritesIsRefused) {
  const std::string tail =
      "0010"
      "0018000b"
      "0003"
      "0010"
      "0020" +
      Repeat("01", 32) + "0020" + Repeat("02", 32);
  ASSERT_TRUE(tpm::TpmtPublic::Parse(Unhex("0023000b00040000"
                                           "0000" +
                                           tail))
                  .ok());
  EXPECT_FALSE(tpm::TpmtPublic::Parse(Unhex("0023000b00040001"
                                            "0000" +
                                            tail))
                   .ok())
      << "reserved attribute";
  EXPECT_FALSE(tpm::TpmtPublic::Parse(Unhex("0023000b01040000"
                                            "0000" +
                                            tail))
                   .ok())
      << "reserved attribute";
  EXPECT_FALSE(tpm::TpmtPublic::Parse(Unhex("0023000400040000"
                                            "0000" +
                                            tail))
                   .ok())
      << "SHA-1 name";
  EXPECT_FALSE(tpm::TpmtPublic::Parse(Unhex("0023000b00040000"
                                            "0014" +
                                            Repeat("00", 20) + tail))
                   .ok())
      << "short policy";
  EXPECT_FALSE(tpm::TpmtPublic::Parse(Unhex("0025000b00040000"
                                            "0000" +
                                            tail))
                   .ok())
      << "symmetric object";
  EXPECT_FALSE(tpm::TpmtPublic::Parse(Unhex("0001000b00040000"
                                            "0000"
                                            "0010"
                                            "0014000b"
                                            "0800"
                                            "00000000"
                                            "00ff" +
                                            Repeat("c1", 255)))
                   .ok())
      << "modulus and key size differ";
}

TEST(TpmtPublicLayout, PointsMustBeOnTheCurve) {
  tpm::TpmtPublic area = tpm::ExternalKeyArea(EcdsaPrivateKey::Generate().public_key());
  EXPECT_TRUE(tpm::PointOf(area).ok());
  area.y.back() ^= 1;
  EXPECT_FALSE(tpm::PointOf(area).ok());
  const tpm::TpmtSignature signature{
      tpm::kAlgEcdsa, tpm::HashAlgorithm::kSha256, {}, Bytes(32, 1), Bytes(32, 1)};
  const absl::Status status = VerifySignature(area, AsBytes("message"), signature);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
}

TEST(TpmsNvPublicLayout, RecordIndex) {
  const EcdsaPublicKey key = EcdsaPrivateKey::Generate().public_key();
  const tpm::TpmsNvPublic index = tpm::CountingIndexArea(0x01800100, key, tpm::Written::kNo);
  EXPECT_EQ(Hex(index.Marshal()),
            "01800100"
            "000b"
            "02020098"
            "0020" +
                Hex(tpm::CountingIndexPolicy(key)) + "0008");
  EXPECT_EQ(index.Type(), tpm::kNtPinPass);
  const tpm::TpmsNvPublic written = tpm::CountingIndexArea(0x01800100, key, tpm::Written::kYes);
  EXPECT_EQ(written.attributes, 0x22020098U);
  EXPECT_NE(written.Name(), index.Name());
  EXPECT_EQ(tpm::TpmsNvPublic::Parse(index.Marshal()).value(), index);
}

TEST(TpmsNvPublicLayout, WhatNoTpmWritesIsRefused) {
  EXPECT_TRUE(tpm::TpmsNvPublic::Parse(Unhex("01800100"
                                             "000b"
                                             "02021098"
                                             "0000"
                                             "0008"))
                  .ok());
  EXPECT_FALSE(tpm::TpmsNvPublic::Parse(Unhex("81800100"
                                              "000b"
                                              "02021098"
                                              "0000"
                                              "0008"))
                   .ok())
      << "handle";
  EXPECT_FALSE(tpm::TpmsNvPublic::Parse(Unhex("01800100"
                                              "000b"
                                              "03021098"
                                              "0000"
                                              "0008"))
                   .ok())
      << "reserved bit 24";
  EXPECT_FALSE(tpm::TpmsNvPublic::Parse(Unhex("01800100"
                                              "000b"
                                              "02021198"
                                              "0000"
                                              "0008"))
                   .ok())
      << "reserved bit 8";
  EXPECT_FALSE(tpm::TpmsNvPublic::Parse(Unhex("01800100"
                                              "0004"
                                              "02021098"
                                              "0000"
                                              "0008"))
                   .ok())
      << "SHA-1";
  EXPECT_FALSE(tpm::TpmsNvPublic::Parse(Unhex("01800100"
                                              "000b"
                                              "02021098"
                                              "0000"
                                              "000800"))
                   .ok());
}

// magic, type, qualifiedSigner, extraData, clockInfo, firmwareVersion
std::string AttestHead(const std::string& type) {
  return "ff544347" + type + "0022000b" + kDigest + "0004aabbccdd" +
         "0000000000001234"
         "00000002"
         "00000003"
         "01" +
         "0007005500001234";
}

TEST(TpmsAttestLayout, Quote) {
  const Bytes bytes = Unhex(AttestHead("8018") +
                            "00000001"
                            "000b"
                            "03"
                            "810000"
                            "0020" +
                            kDigest);
  const tpm::TpmsAttest attest = tpm::TpmsAttest::Parse(bytes).value();
  EXPECT_EQ(attest.extra_data, Unhex("aabbccdd"));
  EXPECT_EQ(attest.clock_info, (tpm::ClockInfo{0x1234, 2, 3, true}));
  EXPECT_EQ(attest.firmware_version, 0x0007005500001234U);
  const auto& quote = std::get<tpm::QuoteInfo>(attest.attested);
  ASSERT_EQ(quote.selection.size(), 1U);
  EXPECT_EQ(quote.selection[0], (tpm::PcrSelection{tpm::kAlgSha256, Unhex("810000")}));
  EXPECT_EQ(tpm::Marshal(quote.selection), Unhex("00000001000b03810000"));
}

// What Windows has an Intel PTT or a Nuvoton chip certify: a signing and decrypting RSA key of both usages
// under a policy, by TPM2_Certify with a SHA-1 digest of 20 bytes as qualifying data.
TEST(TpmsAttestLayout, CertifyAsWindowsAsksForIt) {
  const tpm::TpmtPublic area = tpm::TpmtPublic::Parse(Unhex("0001000b000604720020" + kDigest +
                                                            "0010"
                                                            "0010"
                                                            "0800"
                                                            "00000000"
                                                            "0100" +
                                                            Repeat("b4", 256)))
                                   .value();
  const std::string bytes =
      "ff5443478017"
      "0022000b" +
      kDigest + "0014" + Repeat("60", 20) +
      "000000001a30295a"
      "16b07db1"
      "522773f8"
      "01"
      "9767314bfa666054"
      "0022" +
      Hex(area.Name()) + "0022000b" + kDigest;
  const tpm::TpmsAttest attest = tpm::TpmsAttest::Parse(Unhex(bytes)).value();
  EXPECT_EQ(std::get<tpm::CertifyInfo>(attest.attested).name, area.Name());
  EXPECT_EQ(attest.extra_data.size(), 20U);
  EXPECT_TRUE(attest.clock_info.safe);
}

TEST(TpmsAttestLayout, Nv) {
  const Bytes bytes = Unhex(AttestHead("8014") + "0022000b" + kDigest +
                            "0000"
                            "0008"
                            "0000000000000005");
  const auto info = std::get<tpm::NvCertifyInfo>(tpm::TpmsAttest::Parse(bytes).value().attested);
  EXPECT_EQ(info.contents, tpm::Marshal(tpm::PinCounter{0, 5}));
  EXPECT_EQ(info.offset, 0);
}

TEST(TpmsAttestLayout, WhatNoTpmWritesIsRefused) {
  const std::string name = "0022000b" + kDigest;
  ASSERT_TRUE(tpm::TpmsAttest::Parse(Unhex(AttestHead("8017") + name + name)).ok());
  EXPECT_FALSE(tpm::TpmsAttest::Parse(Unhex("ff544346" + (AttestHead("8017") + name + name).substr(8))).ok())
      << "magic";
  EXPECT_FALSE(tpm::TpmsAttest::Parse(Unhex(AttestHead("8019") + name + name)).ok()) << "time attestation";
  EXPECT_FALSE(tpm::TpmsAttest::Parse(Unhex(AttestHead("8017") + name + name + "00")).ok())
      << "a byte too many";
  EXPECT_FALSE(tpm::TpmsAttest::Parse(Unhex(AttestHead("8017") + name + "0003000b00")).ok())
      << "a name of 3 bytes";
  std::string unsafe = AttestHead("8017") + name + name;
  unsafe[unsafe.find("0000000301") + 9] = '2';
  EXPECT_FALSE(tpm::TpmsAttest::Parse(Unhex(unsafe)).ok()) << "YES_NO of 2";
  EXPECT_FALSE(tpm::TpmsAttest::Parse(Unhex(AttestHead("8018") +
                                            "ffffffff"
                                            "000b"
                                            "03"
                                            "810000"
                                            "0020" +
                                            kDigest))
                   .ok())
      << "a list without end";
}

TEST(TpmtSignatureLayout, KindsAndHashes) {
  EXPECT_TRUE(tpm::TpmtSignature::Parse(Unhex("0018000b"
                                              "000101"
                                              "000102"))
                  .ok());
  EXPECT_TRUE(tpm::TpmtSignature::Parse(Unhex("0014000c"
                                              "0002c1c2"))
                  .ok());
  EXPECT_FALSE(tpm::TpmtSignature::Parse(Unhex("00180004"
                                               "000101"
                                               "000102"))
                   .ok())
      << "SHA-1";
  EXPECT_FALSE(tpm::TpmtSignature::Parse(Unhex("001a000b"
                                               "000101"
                                               "000102"))
                   .ok())
      << "ECDAA";
  EXPECT_FALSE(tpm::TpmtSignature::Parse(Unhex("0005000b" + kDigest)).ok()) << "HMAC";
}

// An ECDSA signature made by this project's own keys is one that the TPM's structure carries.
TEST(TpmtSignatureCheck, FollowsTheKeysScheme) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  const Bytes message = ToBytes("a statement");
  const auto raw = key.Sign(message);
  tpm::TpmtSignature signature{tpm::kAlgEcdsa,
                               tpm::HashAlgorithm::kSha256,
                               {},
                               Bytes(raw.begin(), raw.begin() + 32),
                               Bytes(raw.begin() + 32, raw.end())};
  tpm::TpmtPublic area = tpm::ExternalKeyArea(key.public_key());
  EXPECT_TRUE(VerifySignature(area, message, signature).ok());
  EXPECT_FALSE(VerifySignature(area, AsBytes("another"), signature).ok());
  area.scheme.hash = tpm::kAlgSha384;
  EXPECT_FALSE(VerifySignature(area, message, signature).ok()) << "the key signs with another hash";
  area.scheme = {};
  EXPECT_FALSE(VerifySignature(area, message, signature).ok()) << "the key has no scheme";
}

// The nonces of docs/attestation.md, written out.
TEST(StatementNonce, IsTheDocumentedHash) {
  const RecordName record{Bytes(16, 1), "t", "a", "r", 7};
  const Bytes nonce(32, 9);
  EXPECT_EQ(
      RecordStatementNonce(record, nonce),
      Sha256(Unhex("0023" + Hex(AsBytes("labyrinth-recovery/v1/attest/record")) + "0010" + Repeat("01", 16) +
                   "000174"
                   "000161"
                   "000172"
                   "00000007" +
                   Repeat("09", 32))));
  EXPECT_EQ(RealmStatementNonce(Bytes(16, 1), Sha256("tls"), nonce),
            Sha256(Unhex("0022" + Hex(AsBytes("labyrinth-recovery/v1/attest/realm")) + "0010" +
                         Repeat("01", 16) + Hex(Sha256("tls")) + Repeat("09", 32))));
  RecordName other = record;
  other.version = 8;
  EXPECT_NE(RecordStatementNonce(record, nonce), RecordStatementNonce(other, nonce));
}

}  // namespace
}  // namespace labrec::attestation
