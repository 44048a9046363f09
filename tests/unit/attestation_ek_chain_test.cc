// EK certificates in the layouts of several vendors, and certificates that are no EK's.

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "attestation/verify/ek_chain.h"
#include "attestation/verify/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/attestation_certificates.h"

namespace labrec::attestation {
namespace {

constexpr char kEkUsage[] = "2.23.133.8.1";

// The common layout: empty subject, critical directory name, critical usages, TPM specification in the
// attributes.
CertificateForm CommonForm() {
  CertificateForm form;
  form.key_usage = "critical,keyEncipherment";
  form.extended_key_usage = kEkUsage;
  form.tpm_names = "id:49465800/SLB 9670 TPM2.0/id:0728";
  form.attributes_critical = "FALSE";
  form.serial = 77;
  return form;
}

class EkChain : public testing::Test {
 protected:
  EkChain()
      : root_(MakeAuthority("Vendor Root", EcTestKey(), nullptr)),
        issuer_(MakeAuthority("Vendor Manufacturing CA 007", EcTestKey(), &root_)) {
    trust_.anchors = {root_.Der()};
  }

  absl::StatusOr<EkCertificateNames> Check(const Certificate& ek, int64_t now = kYear2025) {
    IdentityEvidence identity;
    identity.ek_certificate = ek.Der();
    identity.intermediates = {issuer_.Der()};
    const auto names = CheckEkChain(identity, EkAreaOf(ek.key.get()), trust_, now * 1000);
    EXPECT_EQ(ERR_peek_error(), 0U) << "left in OpenSSL's queue";
    return names;
  }
  absl::StatusOr<EkCertificateNames> CheckForm(const CertificateForm& form, PkeyPtr key = EcTestKey()) {
    return Check(MakeCertificate(form, std::move(key), &issuer_));
  }
  RefusalReason Refusal(const CertificateForm& form, PkeyPtr key = EcTestKey()) {
    const auto names = CheckForm(form, std::move(key));
    EXPECT_FALSE(names.ok());
    EXPECT_EQ(names.status().code(), absl::StatusCode::kPermissionDenied) << names.status();
    return ReasonOf(names.status());
  }

  Certificate root_;
  Certificate issuer_;
  EkTrust trust_;
};

TEST_F(EkChain, InfineonAndStLayout) {
  issuer_ = MakeAuthority("OPTIGA RSA Manufacturing CA", RsaTestKey(), &root_);
  const auto names = CheckForm(CommonForm(), RsaTestKey());
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_EQ(names->manufacturer, "id:49465800 (IFX)");
  EXPECT_EQ(names->model, "SLB 9670 TPM2.0");
  EXPECT_EQ(names->version, "id:0728");
  EXPECT_EQ(names->trusted_by, "/CN=Vendor Root");
}

// Some vendors mark the RSA key as one for RSAES-OAEP, with which OpenSSL makes no key.
TEST_F(EkChain, OaepKeyLayout) {
  CertificateForm form = CommonForm();
  form.oaep_key = true;
  Certificate ek = MakeCertificate(form, RsaTestKey(), &issuer_);
  EXPECT_EQ(Check(ek).status(), absl::OkStatus());
  EXPECT_EQ(ReasonOf(Check(ek, kYear2030 + 1).status()), RefusalReason::kEndorsementTime);
  trust_.revocation_lists = {MakeRevocationList(issuer_, {77}, kYear2024, kYear2030)};
  EXPECT_EQ(ReasonOf(Check(ek).status()), RefusalReason::kEndorsementRevoked);
  trust_.revocation_lists.clear();
  const Certificate impostor = MakeAuthority("Vendor Manufacturing CA 007", EcTestKey(), nullptr);
  ek = MakeCertificate(form, std::move(ek.key), &impostor);
  EXPECT_EQ(ReasonOf(Check(ek).status()), RefusalReason::kEndorsementChain) << "signed by another";
}

// ECC throughout, key agreement, names beside a subject and not critical.
TEST_F(EkChain, NuvotonEccLayout) {
  issuer_ = MakeAuthority("NPCTxxx ECC384 LeafCA", EcTestKey("P-384"), &root_);
  CertificateForm form = CommonForm();
  form.subject = "NPCT7xx";
  form.key_usage = "critical,keyAgreement";
  form.names_critical = false;
  form.tpm_names = "id:4E544300/NPCT75x/id:0007";
  const auto names = CheckForm(form, EcTestKey());
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_EQ(names->manufacturer, "id:4E544300 (NTC)");
}

// No extended key usage: the names say that it is a TPM.
TEST_F(EkChain, IntelLayoutWithoutExtendedUsage) {
  CertificateForm form = CommonForm();
  form.extended_key_usage.reset();
  form.attributes_critical.clear();
  form.tpm_names = "id:494E5443/Intel/id:00020000";
  EXPECT_EQ(CheckForm(form).status(), absl::OkStatus());
  form.tpm_names.clear();
  EXPECT_EQ(Refusal(form), RefusalReason::kEndorsementChain);
}

TEST_F(EkChain, CriticalTpmAttributesAreTolerated) {
  CertificateForm form = CommonForm();
  form.attributes_critical = "TRUE";
  EXPECT_EQ(CheckForm(form).status(), absl::OkStatus());
}

TEST_F(EkChain, OtherCriticalExtensionsAreNot) {
  CertificateForm form = CommonForm();
  form.unknown_critical = "1.2.3.4.5";
  EXPECT_EQ(Refusal(form), RefusalReason::kEndorsementChain);
  form.attributes_critical = "TRUE";
  EXPECT_EQ(Refusal(form), RefusalReason::kEndorsementChain);
}

TEST_F(EkChain, CriticalTpmAttributesInAnAuthorityAreNot) {
  CertificateForm authority;
  authority.subject = "Odd CA";
  authority.ca = true;
  authority.key_usage = "critical,keyCertSign";
  authority.attributes_critical = "TRUE";
  issuer_ = MakeCertificate(authority, EcTestKey(), &root_);
  EXPECT_EQ(Refusal(CommonForm()), RefusalReason::kEndorsementChain);
}

TEST_F(EkChain, CertificatesForOtherPurposesAreRefused) {
  CertificateForm form = CommonForm();
  form.extended_key_usage = "serverAuth";
  EXPECT_EQ(Refusal(form), RefusalReason::kEndorsementChain) << "a TLS server's";
  form = CommonForm();
  form.extended_key_usage = "2.23.133.8.3";
  EXPECT_EQ(Refusal(form), RefusalReason::kEndorsementChain) << "an AIK's";
  form = CommonForm();
  form.key_usage = "critical,digitalSignature";
  EXPECT_EQ(Refusal(form), RefusalReason::kEndorsementChain) << "a signing key's";
  form = CommonForm();
  form.ca = true;
  EXPECT_EQ(Refusal(form), RefusalReason::kEndorsementChain) << "a CA's";
}

TEST_F(EkChain, WeakSignaturesAreRefused) {
  CertificateForm form = CommonForm();
  form.sha1 = true;
  EXPECT_EQ(Refusal(form), RefusalReason::kEndorsementChain);
}

TEST_F(EkChain, TimesAreKept) {
  const Certificate ek = MakeCertificate(CommonForm(), EcTestKey(), &issuer_);
  EXPECT_TRUE(Check(ek, kYear2024 + 1).ok());
  EXPECT_EQ(ReasonOf(Check(ek, kYear2024 - 1).status()), RefusalReason::kEndorsementTime);
  EXPECT_EQ(ReasonOf(Check(ek, kYear2030 + 1).status()), RefusalReason::kEndorsementTime);
}

TEST_F(EkChain, OfAnotherRootIsRefused) {
  const Certificate other = MakeAuthority("Vendor Root", EcTestKey(), nullptr);  // the same name
  trust_.anchors = {other.Der()};
  EXPECT_EQ(Refusal(CommonForm()), RefusalReason::kEndorsementChain);
}

TEST_F(EkChain, MayBeTrustedFromAnIntermediateOn) {
  trust_.anchors = {issuer_.Der()};
  IdentityEvidence identity;
  const Certificate ek = MakeCertificate(CommonForm(), EcTestKey(), &issuer_);
  identity.ek_certificate = ek.Der();
  EXPECT_TRUE(CheckEkChain(identity, EkAreaOf(ek.key.get()), trust_, kYear2025 * 1000).ok());
}

TEST_F(EkChain, AnEndorsementKeysCertificateIsNoAuthority) {
  Certificate ek = MakeCertificate(CommonForm(), EcTestKey(), &issuer_);
  const Certificate forged = MakeCertificate(CommonForm(), EcTestKey(), &ek);
  IdentityEvidence identity;
  identity.ek_certificate = forged.Der();
  identity.intermediates = {ek.Der(), issuer_.Der()};
  const auto names = CheckEkChain(identity, EkAreaOf(forged.key.get()), trust_, kYear2025 * 1000);
  EXPECT_EQ(ReasonOf(names.status()), RefusalReason::kEndorsementChain);
}

TEST_F(EkChain, RevocationListsCount) {
  const Certificate ek = MakeCertificate(CommonForm(), EcTestKey(), &issuer_);
  trust_.revocation_lists = {MakeRevocationList(issuer_, {1, 2}, kYear2024, kYear2030)};
  EXPECT_TRUE(Check(ek).ok()) << Check(ek).status();
  trust_.revocation = EkTrust::Revocation::kListRequired;
  EXPECT_EQ(ReasonOf(Check(ek).status()), RefusalReason::kEndorsementChain) << "none of the root's";
  trust_.revocation_lists.push_back(MakeRevocationList(root_, {}, kYear2024, kYear2030));
  EXPECT_TRUE(Check(ek).ok()) << Check(ek).status();
  trust_.revocation_lists[0] = MakeRevocationList(issuer_, {77}, kYear2024, kYear2030);
  EXPECT_EQ(ReasonOf(Check(ek).status()), RefusalReason::kEndorsementRevoked);
  trust_.revocation_lists[0] = MakeRevocationList(issuer_, {}, kYear2024, kYear2024 + 60);
  EXPECT_EQ(ReasonOf(Check(ek).status()), RefusalReason::kEndorsementTime) << "an old list";
  Certificate impostor = MakeAuthority("Vendor Manufacturing CA 007", EcTestKey(), nullptr);
  trust_.revocation_lists[0] = MakeRevocationList(impostor, {}, kYear2024, kYear2030);
  EXPECT_EQ(ReasonOf(Check(ek).status()), RefusalReason::kEndorsementChain) << "a forged list";
}

TEST_F(EkChain, RevokedAuthoritiesCount) {
  trust_.revocation_lists = {MakeRevocationList(root_, {1}, kYear2024, kYear2030)};
  EXPECT_EQ(Refusal(CommonForm()), RefusalReason::kEndorsementRevoked);
}

TEST_F(EkChain, TheKeyShownIsTheCertifiedOne) {
  const Certificate ek = MakeCertificate(CommonForm(), EcTestKey(), &issuer_);
  IdentityEvidence identity;
  identity.ek_certificate = ek.Der();
  identity.intermediates = {issuer_.Der()};
  const PkeyPtr other = EcTestKey();
  const auto names = CheckEkChain(identity, EkAreaOf(other.get()), trust_, kYear2025 * 1000);
  EXPECT_EQ(ReasonOf(names.status()), RefusalReason::kEndorsementKey);
  TpmtPublic loose = EkAreaOf(ek.key.get());
  loose.attributes &= ~kObjectRestricted;
  EXPECT_EQ(ReasonOf(CheckEkChain(identity, loose, trust_, kYear2025 * 1000).status()),
            RefusalReason::kEndorsementKey)
      << "no template";
}

TEST_F(EkChain, BytesAfterACertificateAreRefused) {
  const Certificate ek = MakeCertificate(CommonForm(), EcTestKey(), &issuer_);
  IdentityEvidence identity;
  identity.ek_certificate = ek.Der();
  identity.ek_certificate.push_back(0);
  identity.intermediates = {issuer_.Der()};
  EXPECT_EQ(CheckEkChain(identity, EkAreaOf(ek.key.get()), trust_, kYear2025 * 1000).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(EkChain, TrustIsReadFromFolders) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "vendor");
  std::ofstream(folder.path() / "vendor" / "root.crt", std::ios::binary) << AsText(root_.Der());
  std::ofstream(folder.path() / "README") << "left alone";
  std::filesystem::create_directories(folder.path() / "lists");
  std::ofstream(folder.path() / "lists" / "issuer.crl", std::ios::binary)
      << AsText(MakeRevocationList(issuer_, {77}, kYear2024, kYear2030));
  const auto trust = EkTrust::Load(folder.path() / "vendor", folder.path() / "lists");
  ASSERT_TRUE(trust.ok()) << trust.status();
  EXPECT_EQ(trust->anchors, std::vector<Bytes>{root_.Der()});
  trust_ = *trust;
  EXPECT_EQ(Refusal(CommonForm()), RefusalReason::kEndorsementRevoked);
}

}  // namespace
}  // namespace labrec::attestation
