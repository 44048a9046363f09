// Rows 15, 20 and 21: vendors' certificates, signatures and keys as other programs write them.

#include <string>

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "absl/strings/str_replace.h"

#include "attestation/verify/signature.h"
#include "attestation/verify/tpm_identity.h"
#include "hsm/base/clock.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/file.h"
#include "hsm/base/openssl_ptr.h"
#include "hsm/tpm_wire/constants.h"
#include "tests/integration/real_inputs/inputs.h"
#include "tests/support/tpm/attested_tpm.h"
#include "tests/support/tpm/local_ca.h"

namespace labrec::test {

namespace fs = std::filesystem;
using attestation::EkTrust;
using testing::HasSubstr;
using testing::Not;

namespace {

std::string Content(const fs::path& path) {
  return ToString(*ReadFile(path));
}

// The certificate that swtpm's authority signs endorsement keys with.
struct Vendor {
  Vendor() : tpm(AttestedTpm::Start(AttestedTpm::Ek::kP256, AttestedTpm::Ak::kEcdsa).value()) {
    issuer = LocalCa::Instance().Issuer().value();
    root = LocalCa::Instance().Trust()->anchors.front();
  }
  absl::Status Check(const EkTrust& trust) const {
    attestation::IdentityEvidence identity = tpm->identity();
    identity.intermediates.clear();  // the operator's folder has to have them
    return attestation::CheckIdentity(identity, trust, SystemClock().NowMillis()).status();
  }
  std::unique_ptr<AttestedTpm> tpm;
  Bytes issuer;
  Bytes root;
};

int SaltLength(int bits, const EVP_MD* hash) {
  return bits / 8 - EVP_MD_get_size(hash) - 2;
}

// What a program (not a TPM) signs with this salt.
Bytes PssSignature(EVP_PKEY* key, ByteView message, const EVP_MD* hash, const EVP_MD* mask, int salt) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  EXPECT_EQ(EVP_DigestSignInit(context.get(), &options, hash, nullptr, key), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_mgf1_md(options, mask), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, salt), 1);
  size_t size = static_cast<size_t>(EVP_PKEY_get_size(key));
  Bytes signature(size);
  EXPECT_EQ(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()), 1);
  return signature;
}

tpm::TpmtPublic PssSigner(EVP_PKEY* key, uint16_t hash) {
  BIGNUM* modulus = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, "n", &modulus), 1);
  const BnPtr owned(modulus);
  tpm::TpmtPublic area;
  area.type = tpm::kAlgRsa;
  area.scheme = {tpm::kAlgRsaPss, hash};
  area.key_bits = static_cast<uint16_t>(BN_num_bits(modulus));
  area.modulus.resize(area.key_bits / 8);
  EXPECT_GT(BN_bn2bin(modulus, area.modulus.data()), 0);
  return area;
}

}  // namespace

TEST_F(RealInputs, Row15_AVendorsFolderIsReadAsItIsPacked) {
  const Vendor vendor;
  Write("issuer", AsText(vendor.issuer));
  Run({"openssl", "x509", "-inform", "DER", "-in", Path("issuer"), "-text", "-out", Path("text")});
  const std::string der(AsText(vendor.issuer));
  const std::string text = Content(Path("text"));  // a description before the block
  const std::string old = absl::StrReplaceAll(text, {{" CERTIFICATE-----", " X509 CERTIFICATE-----"}});
  const std::pair<std::string, std::string> files[] = {
      {"ca.der", der},
      {"CA.CRT", der + "\n"},
      {"ca.Cer", der + "\r\n"},
      {"ca.crt", der + " \t\n\n"},
      {"CA.PEM", text},
      {"ca.pem", absl::StrReplaceAll(text, {{"\n", "\r\n"}})},
      {"ca.cer", "\xef\xbb\xbf" + text.substr(text.find("-----BEGIN")) + "\n\nas it was downloaded\n"},
      {"old.crt", old},
      {"bundle.crt", text + "# the same once more\n" + text},
      {"below/this one/ca.CRT", der},
  };
  for (const auto& [name, content] : files) {
    SCOPED_TRACE(name);
    fs::remove_all(Path("vendor"));
    fs::create_directories(Path("vendor") / fs::path(name).parent_path());
    Write("vendor/" + name, content, 0644);
    const auto trust = EkTrust::Load(Path("vendor"), {});
    ASSERT_TRUE(trust.ok()) << trust.status();
    EXPECT_EQ(trust->anchors.front(), vendor.issuer);
    EXPECT_EQ(trust->Skipped(), "");
    EXPECT_EQ(vendor.Check(*trust), absl::OkStatus());
  }
}

TEST_F(RealInputs, Row15_WhatWasNotReadIsNamedWhereNothingLeadsOn) {
  const Vendor vendor;
  const std::string issuer(AsText(vendor.issuer));
  fs::create_directories(Path("vendor/.git"));
  fs::create_directories(Path("elsewhere"));
  Write("vendor/other.crt", AsText(vendor.root), 0644);
  const char* const unread[] = {"issuer.p7b",     "issuer",      "issuer.crt~",
                                "issuer.crt.bak", ".issuer.crt", "index.html"};
  for (const char* name : unread) Write(absl::StrCat("vendor/", name), issuer, 0644);
  fs::create_directory_symlink(Path("elsewhere"), Path("vendor/linked"));
  fs::create_symlink(Path("nowhere.crt"), Path("vendor/dangling.crt"));
  const auto trust = EkTrust::Load(Path("vendor"), {});
  ASSERT_TRUE(trust.ok()) << trust.status();
  const std::string said(vendor.Check(*trust).message());
  EXPECT_THAT(said, HasSubstr("no signatures lead from it"));
  for (const char* name : unread) EXPECT_THAT(said, HasSubstr(Path("vendor") / name));
  EXPECT_THAT(said, HasSubstr(Path("vendor/linked")));
  EXPECT_THAT(said, HasSubstr(Path("vendor/dangling.crt")));
  EXPECT_THAT(said, Not(HasSubstr("other.crt")));
  // The same where nothing is left to trust.
  fs::remove(Path("vendor/other.crt"));
  EXPECT_THAT(std::string(EkTrust::Load(Path("vendor"), {}).status().message()), HasSubstr("issuer.p7b"));
}

TEST_F(RealInputs, Row15_AFileThatIsNoCertificateIsNamed) {
  const Vendor vendor;
  const std::string der(AsText(vendor.issuer));
  Write("issuer", der);
  Run({"openssl", "x509", "-inform", "DER", "-in", Path("issuer"), "-out", Path("pem")});
  Run({"openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", Path("key")});
  const std::string pem = Content(Path("pem"));
  const std::string indented = "  " + absl::StrReplaceAll(pem, {{"\n", "\n  "}});
  fs::create_directories(Path("vendor"));
  for (const std::string& content :
       {std::string(), std::string("\n"), der + "x", der + "\nx", der.substr(0, der.size() - 1), der + der,
        std::string("<!DOCTYPE html><title>404</title>"), Content(Path("key")), pem + Content(Path("key")),
        pem + indented, pem.substr(0, pem.size() / 2)}) {
    Write("vendor/page.crt", content, 0644);
    const auto trust = EkTrust::Load(Path("vendor"), {});
    EXPECT_EQ(trust.status().code(), absl::StatusCode::kInvalidArgument) << content;
    EXPECT_THAT(std::string(trust.status().message()), HasSubstr("page.crt"));
  }
}

TEST_F(RealInputs, Row20_OnlySaltsAsATpmMakesThem) {
  const PkeyPtr key(EVP_RSA_gen(2048));
  const ByteView message = AsBytes("a statement");
  const std::pair<const EVP_MD*, uint16_t> hashes[] = {
      {EVP_sha256(), tpm::kAlgSha256}, {EVP_sha384(), tpm::kAlgSha384}, {EVP_sha512(), tpm::kAlgSha512}};
  for (const auto& [hash, id] : hashes) {
    const tpm::TpmtPublic signer = PssSigner(key.get(), id);
    const int digest = EVP_MD_get_size(hash);
    const int longest = SaltLength(2048, hash);
    const auto verified = [&, hash = hash, id = id](int salt, const EVP_MD* mask) {
      tpm::TpmtSignature signature;
      signature.algorithm = tpm::kAlgRsaPss;
      signature.hash = *tpm::HashAlgorithmOf(id);
      signature.rsa = PssSignature(key.get(), message, hash, mask, salt);
      return attestation::VerifySignature(signer, message, signature).ok();
    };
    EXPECT_TRUE(verified(digest, hash));
    EXPECT_TRUE(verified(longest, hash));
    for (const int salt : {0, 1, 20, digest - 1, digest + 1, longest - 1}) {
      EXPECT_FALSE(verified(salt, hash)) << salt << " bytes of salt";
    }
    EXPECT_FALSE(verified(digest, EVP_sha1())) << "another mask generation function";
    EXPECT_FALSE(verified(longest, EVP_sha1())) << "another mask generation function";
  }
}

TEST_F(RealInputs, Row21_APemKeyNamesItsCurve) {
  const auto openssl = [this](std::vector<std::string> words) {
    words.insert(words.begin(), "openssl");
    Run(words);
  };
  openssl({"ecparam", "-name", "prime256v1", "-genkey", "-out", Path("named.pem")});  // with EC PARAMETERS
  openssl({"pkcs8", "-topk8", "-nocrypt", "-in", Path("named.pem"), "-out", Path("pkcs8.pem")});
  openssl({"ec", "-in", Path("named.pem"), "-pubout", "-out", Path("public.pem")});
  openssl({"ec", "-in", Path("named.pem"), "-pubout", "-conv_form", "compressed", "-out", Path("short.pem")});
  const EcdsaPublicKey key = EcdsaPublicKey::FromPem(Content(Path("public.pem"))).value();
  EXPECT_EQ(EcdsaPublicKey::FromPem(Content(Path("short.pem"))).value(), key) << "a compressed point";
  for (const char* name : {"named.pem", "pkcs8.pem"}) {
    const auto read = EcdsaPrivateKey::FromPem(SecretBytes::CopyOf(AsBytes(Content(Path(name)))));
    ASSERT_TRUE(read.ok()) << name << ": " << read.status();
    EXPECT_EQ(read->public_key(), key);
  }
  // The same keys, with parameters in the place of the name.
  openssl({"ec", "-in", Path("named.pem"), "-param_enc", "explicit", "-out", Path("sec1.pem")});
  openssl({"pkcs8", "-topk8", "-nocrypt", "-in", Path("sec1.pem"), "-out", Path("spelt.pem")});
  openssl({"ec", "-in", Path("sec1.pem"), "-pubout", "-param_enc", "explicit", "-out", Path("public.pem")});
  openssl({"ec", "-in", Path("sec1.pem"), "-pubout", "-param_enc", "explicit", "-outform", "DER", "-out",
           Path("public.der")});
  // Their last INTEGER, before the point: the cofactor, which is 1.
  std::string der = Content(Path("public.der"));
  const std::string cofactor("\x02\x01\x01\x03\x42\x00\x04", 7);
  ASSERT_NE(der.find(cofactor), std::string::npos);
  der[der.find(cofactor) + 2] = 2;
  Write("wrong.der", der);
  std::string wrong = "-----BEGIN PUBLIC KEY-----\n";
  openssl({"base64", "-in", Path("wrong.der"), "-out", Path("wrong.txt")});
  absl::StrAppend(&wrong, Content(Path("wrong.txt")), "-----END PUBLIC KEY-----\n");
  for (const std::string& pem : {wrong, Content(Path("public.pem"))}) {
    EXPECT_EQ(EcdsaPublicKey::FromPem(pem).status().code(), absl::StatusCode::kInvalidArgument);
  }
  for (const char* name : {"sec1.pem", "spelt.pem"}) {
    const auto read = EcdsaPrivateKey::FromPem(SecretBytes::CopyOf(AsBytes(Content(Path(name)))));
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << name;
    const FinishedCommand issued = Admin({"token", "issue", "--key", Path(name), "--tenant", "chat",
                                          "--account", "alice", "--realm", std::string(32, 'a')});
    EXPECT_EQ(issued.code, 2) << issued.err;
    EXPECT_THAT(issued.err, HasSubstr("spells its curve's parameters out"));
  }
  for (const char* curve : {"secp256k1", "secp384r1", "brainpoolP256r1"}) {
    openssl({"ecparam", "-name", curve, "-genkey", "-noout", "-out", Path("other.pem")});
    EXPECT_FALSE(EcdsaPrivateKey::FromPem(SecretBytes::CopyOf(AsBytes(Content(Path("other.pem"))))).ok());
  }
}

}  // namespace labrec::test
