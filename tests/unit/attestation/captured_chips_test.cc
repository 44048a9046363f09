// Certificates and statements of real chips (tests/vectors/attestation/captured): each is taken as it is, and
// none with a bit of it changed, at another time, or under another vendor's root.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "attestation/evidence/refusal.h"
#include "attestation/verify/ek/chain.h"
#include "attestation/verify/pcr_quote.h"
#include "attestation/verify/statement.h"
#include "attestation/verify/tpm_identity.h"
#include "hsm/tpm_wire/tpmt_signature.h"
#include "tests/unit/attestation/certificates.h"
#include "tests/unit/vector_file.h"

namespace labrec::attestation {
namespace {

using testing::HasSubstr;

// A chain as its file has it: the EK certificate, what is between, the root.
struct CapturedChain {
  static CapturedChain Load(const std::string& name) {
    const std::string path = std::string(LABREC_SOURCE_DIR "/tests/vectors/attestation/captured/") + name;
    BIO* file = BIO_new_file(path.c_str(), "r");
    if (file == nullptr) throw std::runtime_error("no file " + path);
    std::vector<Certificate> all;
    while (X509* read = PEM_read_bio_X509(file, nullptr, nullptr, nullptr)) {
      all.push_back({X509Ptr(read), PkeyPtr(X509_get_pubkey(read))});
    }
    ERR_clear_error();
    BIO_free(file);
    CapturedChain chain;
    chain.identity.ek_certificate = all.front().Der();
    for (size_t i = 1; i + 1 < all.size(); ++i) chain.identity.intermediates.push_back(all[i].Der());
    chain.trust.anchors = {all.back().Der()};
    chain.key = std::move(all.front().key);
    return chain;
  }
  absl::StatusOr<EkCertificateNames> Check(int64_t now = kYear2025) const {
    return CheckEkChain(identity, EkAreaOf(key.get()), trust, now * 1000);
  }

  IdentityEvidence identity;
  EkTrust trust;
  PkeyPtr key;
};

struct Chip {
  const char* file;
  const char* manufacturer;
  const char* model;
  const char* version;
  const char* root;  // part of its subject
};
constexpr Chip kChips[] = {
    {"infineon_slb9670.pem", "id:49465800 (IFX)", "SLB 9670 TPM2.0", "id:073f", "OPTIGA(TM) RSA Root CA"},
    {"infineon_slb9665.pem", "id:49465800 (IFX)", "SLB 9665", "id:053f", "OPTIGA(TM) RSA Root CA"},
    {"st_rsa.pem", "id:53544D20 (STM)", "ST33HTPHAHB4", "id:00490004", "STM TPM EK Root CA"},
    {"st_ecc.pem", "id:53544D20 (STM)", "ST33HTPHAHB4", "id:00490004", "STM TPM ECC Root CA 01"},
    {"intel_ptt_spt.pem", "id:494E5443 (INTC)", "SPT", "id:00020000", "TPM EK root cert signing"},
    {"nuvoton_npct75x.pem", "id:4E544300 (NTC)", "NPCT75x", "id:00070002", "Nuvoton TPM Root CA 2111"},
};

class VendorsChip : public testing::TestWithParam<Chip> {
 protected:
  const CapturedChain chain_ = CapturedChain::Load(GetParam().file);
};

TEST_P(VendorsChip, IsTaken) {
  const auto names = chain_.Check();
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_EQ(names->manufacturer, GetParam().manufacturer);
  EXPECT_EQ(names->model, GetParam().model);
  EXPECT_EQ(names->version, GetParam().version);
  EXPECT_THAT(names->trusted_by, HasSubstr(GetParam().root));
  EXPECT_EQ(names->anchor_hash, Sha256(ByteView(chain_.trust.anchors[0])));
}

TEST_P(VendorsChip, PinnedItIsTakenWithoutItsVendor) {
  CapturedChain pinned = CapturedChain::Load(GetParam().file);
  pinned.trust.anchors = {pinned.identity.ek_certificate};
  const auto names = pinned.Check();
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_EQ(names->trusted_by, "the endorsement key's own certificate");
  EXPECT_EQ(names->anchor_hash, Sha256(ByteView(pinned.identity.ek_certificate)));
}

// One bit of each byte.
TEST_P(VendorsChip, WithABitChangedItIsRefused) {
  CapturedChain changed = CapturedChain::Load(GetParam().file);
  Bytes& certificate = changed.identity.ek_certificate;
  for (size_t i = 0; i < certificate.size(); ++i) {
    const auto bit = static_cast<uint8_t>(1U << (i % 8));
    certificate[i] ^= bit;
    EXPECT_FALSE(changed.Check().ok()) << "byte " << i;
    certificate[i] ^= bit;
  }
  EXPECT_TRUE(changed.Check().ok());
}

TEST_P(VendorsChip, WithABitOfItsIssuerChangedItIsRefused) {
  CapturedChain changed = CapturedChain::Load(GetParam().file);
  for (Bytes& certificate : changed.identity.intermediates) {
    for (size_t i = 0; i < certificate.size(); ++i) {
      const auto bit = static_cast<uint8_t>(1U << (i % 8));
      certificate[i] ^= bit;
      EXPECT_FALSE(changed.Check().ok()) << "byte " << i;
      certificate[i] ^= bit;
    }
  }
  EXPECT_TRUE(changed.Check().ok());
}

TEST_P(VendorsChip, UnderAnotherVendorsRootItIsRefused) {
  for (const Chip& other : kChips) {
    if (std::string_view(other.root) == GetParam().root) continue;
    CapturedChain moved = CapturedChain::Load(GetParam().file);
    moved.trust = CapturedChain::Load(other.file).trust;
    EXPECT_EQ(ReasonOf(moved.Check().status()), RefusalReason::kEndorsementChain) << other.file;
    // Nor if it sends its own root along.
    moved.identity.intermediates.push_back(chain_.trust.anchors[0]);
    EXPECT_EQ(ReasonOf(moved.Check().status()), RefusalReason::kEndorsementChain) << other.file;
  }
}

TEST_P(VendorsChip, OutsideItsTimeItIsRefused) {
  constexpr int64_t kYear2012 = 1325376000;
  constexpr int64_t kYear2055 = 2682374400;
  EXPECT_EQ(ReasonOf(chain_.Check(kYear2012).status()), RefusalReason::kEndorsementTime);
  EXPECT_EQ(ReasonOf(chain_.Check(kYear2055).status()), RefusalReason::kEndorsementTime);
}

TEST_P(VendorsChip, ForAnotherKeyItIsRefused) {
  for (const Chip& other : kChips) {
    if (std::string_view(other.file) == GetParam().file) continue;
    const tpm::TpmtPublic key = EkAreaOf(CapturedChain::Load(other.file).key.get());
    const auto names = CheckEkChain(chain_.identity, key, chain_.trust, kYear2025 * 1000);
    EXPECT_EQ(ReasonOf(names.status()), RefusalReason::kEndorsementKey) << other.file;
  }
  const PkeyPtr software = RsaTestKey();
  const auto names = CheckEkChain(chain_.identity, EkAreaOf(software.get()), chain_.trust, kYear2025 * 1000);
  EXPECT_EQ(ReasonOf(names.status()), RefusalReason::kEndorsementKey) << "a key made in software";
}

INSTANTIATE_TEST_SUITE_P(Captured, VendorsChip, testing::ValuesIn(kChips), [](const auto& chip) {
  const std::string file = chip.param.file;
  return file.substr(0, file.find('.'));
});

// Five levels, key usages with bits of end entities in CAs' certificates, an explicit cA FALSE, and
// distribution points of an indirect revocation list: the chain leads up, and only the purpose of its lowest
// certificate is refused.
TEST(IntelOnDieCa, ItsChainLeadsUpAndItsAppletsKeyIsNoEk) {
  CapturedChain chain = CapturedChain::Load("intel_on_die_ca.pem");
  ASSERT_EQ(chain.identity.intermediates.size(), 3U);
  const tpm::TpmtPublic any = EkAreaOf(EcTestKey().get());
  const auto refused = CheckEkChain(chain.identity, any, chain.trust, kYear2025 * 1000);
  EXPECT_EQ(ReasonOf(refused.status()), RefusalReason::kEndorsementChain);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("not one of an endorsement key: it has neither the extended key usage nor"));
  for (size_t missing = 0; missing < 3; ++missing) {
    CapturedChain gap = CapturedChain::Load("intel_on_die_ca.pem");
    gap.identity.intermediates.erase(gap.identity.intermediates.begin() + static_cast<ptrdiff_t>(missing));
    const auto unled = CheckEkChain(gap.identity, any, gap.trust, kYear2025 * 1000);
    EXPECT_THAT(std::string(unled.status().message()), HasSubstr("no signatures lead from it"));
  }
}

VectorFile::Fields Captured(const std::string& name) {
  return VectorFile::Load("attestation/captured/" + name).common;
}

class ChipsStatements : public testing::TestWithParam<const char*> {
 protected:
  SignedStatement Statement(const std::string& name) const {
    return {Unhex(fields_.at(name)), Unhex(fields_.at(name + "_signature"))};
  }
  absl::StatusOr<tpm::TpmsAttest> Open(const SignedStatement& statement, const std::string& nonce) const {
    return OpenStatement(ak_, statement, Unhex(fields_.at(nonce)), "statement");
  }

  const VectorFile::Fields fields_ = Captured(GetParam());
  const tpm::TpmtPublic ak_ = tpm::TpmtPublic::Parse(Unhex(fields_.at("ak_public"))).value();
};

TEST_P(ChipsStatements, TheKeyIsOneForAttesting) {
  EXPECT_EQ(CheckAttestationKey(ak_), absl::OkStatus());
}

TEST_P(ChipsStatements, TheKeysNameIsWhatTheChipCertified) {
  const auto attest = Open(Statement("certify"), "certify_nonce");
  ASSERT_TRUE(attest.ok()) << attest.status();
  EXPECT_EQ(CheckCertifies(*attest, ak_.Name(), "statement"), absl::OkStatus());
  // A primary key of the endorsement hierarchy: its statements tell the firmware's version in plain.
  EXPECT_EQ(attest->qualified_signer, tpm::QualifiedName(ak_, tpm::NameOfHandle(tpm::kRhEndorsement)));
  EXPECT_EQ(std::get<tpm::CertifyInfo>(attest->attested).qualified_name, attest->qualified_signer);
  tpm::TpmtPublic other = ak_;
  other.attributes ^= tpm::kObjectNoDa;
  EXPECT_EQ(ReasonOf(CheckCertifies(*attest, other.Name(), "statement")), RefusalReason::kStatement);
}

TEST_P(ChipsStatements, TheQuoteIsOverTheValuesShown) {
  const auto attest = Open(Statement("quote"), "quote_nonce");
  ASSERT_TRUE(attest.ok()) << attest.status();
  const auto& quote = std::get<tpm::QuoteInfo>(attest->attested);
  std::vector<Bytes> values;
  for (const char* pcr : {"pcr_0", "pcr_1", "pcr_4", "pcr_7", "pcr_11"}) {
    values.push_back(Unhex(fields_.at(pcr)));
  }
  const auto quoted = QuotedPcrs(quote, values, tpm::HashAlgorithm::kSha256);
  ASSERT_TRUE(quoted.ok()) << quoted.status();
  EXPECT_EQ(quoted->at({tpm::kAlgSha256, 4}), values[2]);
  values[2][0] ^= 1U;
  EXPECT_EQ(ReasonOf(QuotedPcrs(quote, values, tpm::HashAlgorithm::kSha256).status()), RefusalReason::kPcr);
}

TEST_P(ChipsStatements, WithABitChangedTheyAreRefused) {
  for (const std::string name : {"certify", "quote"}) {
    const SignedStatement good = Statement(name);
    ASSERT_TRUE(Open(good, name + "_nonce").ok());
    for (size_t bit = 0; bit < good.attest.size() * 8; ++bit) {
      SignedStatement changed = good;
      changed.attest[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
      EXPECT_FALSE(Open(changed, name + "_nonce").ok()) << name << " bit " << bit;
    }
    for (size_t bit = 0; bit < good.signature.size() * 8; ++bit) {
      SignedStatement changed = good;
      changed.signature[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
      EXPECT_FALSE(Open(changed, name + "_nonce").ok()) << name << " signature's bit " << bit;
    }
  }
  EXPECT_EQ(ReasonOf(Open(Statement("quote"), "certify_nonce").status()), RefusalReason::kStale);
}

INSTANTIATE_TEST_SUITE_P(Captured, ChipsStatements, testing::Values("amd_ftpm.txt", "st_dtpm.txt"),
                         [](const auto& file) {
                           return std::string(file.param).substr(0, std::string(file.param).find('.'));
                         });

TEST(CapturedFirmware, StandsInTheStatement) {
  const auto firmware = [](const std::string& file) {
    return tpm::TpmsAttest::Parse(Unhex(Captured(file).at("quote"))).value().firmware_version;
  };
  EXPECT_EQ(firmware("amd_ftpm.txt"), 0x0003003700000005U);  // 3.55.0.5
  EXPECT_EQ(firmware("st_dtpm.txt"), 0x0001010200000000U);
}

// TPM2_CertifyCreation, RSASSA, a key under the storage key: its Qualified Name is not that of a primary key.
TEST(CapturedCreation, OfAnRsaKeyInAnNpct75x) {
  const auto fields = Captured("nuvoton_npct75x.txt");
  const tpm::TpmtPublic ak = tpm::TpmtPublic::Parse(Unhex(fields.at("ak_public"))).value();
  EXPECT_EQ(CheckAttestationKey(ak), absl::OkStatus());
  SignedStatement creation{Unhex(fields.at("creation")), Unhex(fields.at("creation_signature"))};
  const auto attest = OpenStatement(ak, creation, {}, "creation");
  ASSERT_TRUE(attest.ok()) << attest.status();
  EXPECT_EQ(CheckCertifies(*attest, ak.Name(), "creation"), absl::OkStatus());
  EXPECT_NE(attest->qualified_signer, tpm::QualifiedName(ak, tpm::NameOfHandle(tpm::kRhEndorsement)));
  creation.signature.back() ^= 1U;
  EXPECT_EQ(ReasonOf(OpenStatement(ak, creation, {}, "creation").status()), RefusalReason::kSignature);
}

// Windows has its attestation keys sign with SHA-1. The structures are read, and the key and the signature
// refused.
TEST(CapturedBySha1, IsReadAndRefused) {
  const auto chips = VectorFile::Load("attestation/captured/windows_sha1.txt").vectors;
  ASSERT_EQ(chips.size(), 2U);
  for (const auto& chip : chips) {
    const tpm::TpmsAttest attest = tpm::TpmsAttest::Parse(Unhex(chip.at("certify"))).value();
    const tpm::TpmtPublic key = tpm::TpmtPublic::Parse(Unhex(chip.at("key_public"))).value();
    EXPECT_EQ(CheckCertifies(attest, key.Name(), "key"), absl::OkStatus());
    EXPECT_EQ(attest.extra_data, Unhex(chip.at("nonce")));
    EXPECT_THAT(
        std::string(tpm::TpmtSignature::Parse(Unhex(chip.at("certify_signature"))).status().message()),
        HasSubstr("SHA-256"));
    tpm::TpmtPublic ak;
    ak.type = tpm::kAlgRsa;
    ak.attributes = tpm::kObjectFixedTpm | tpm::kObjectFixedParent | tpm::kObjectSensitiveDataOrigin |
                    tpm::kObjectUserWithAuth | tpm::kObjectRestricted | tpm::kObjectSign;
    ak.key_bits = 2048;
    ak.modulus = Unhex(chip.at("ak_modulus"));
    ak.scheme = {tpm::kAlgRsaSsa, tpm::kAlgSha256};
    EXPECT_EQ(CheckAttestationKey(ak), absl::OkStatus());
    ak.scheme.hash = tpm::kAlgSha1;
    const absl::Status refused = CheckAttestationKey(tpm::TpmtPublic::Parse(ak.Marshal()).value());
    EXPECT_EQ(ReasonOf(refused), RefusalReason::kAttestationKey);
    EXPECT_THAT(std::string(refused.message()), HasSubstr("SHA-256 or more"));
  }
}

}  // namespace
}  // namespace labrec::attestation
