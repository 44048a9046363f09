// EK certificates in the layouts of several vendors, and certificates that are no EK's.

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

#include "attestation/evidence/refusal.h"
#include "attestation/verify/ek/chain.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/unit/attestation/certificates.h"

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
  trust_.anchors = {ek.Der()};
  EXPECT_EQ(Check(ek).status(), absl::OkStatus()) << "pinned";
  trust_.anchors = {root_.Der()};
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

// A client that trusts an intermediate, or the very certificate, is shown more than it needs.
TEST_F(EkChain, CertificatesThatTheChainDoesNotNeedAreIgnored) {
  const Certificate ek = MakeCertificate(CommonForm(), EcTestKey(), &issuer_);
  const Certificate stranger = MakeAuthority("Somebody Else", EcTestKey(), nullptr);
  IdentityEvidence identity;
  identity.ek_certificate = ek.Der();
  identity.intermediates = {stranger.Der(), root_.Der(), issuer_.Der()};
  const tpm::TpmtPublic area = EkAreaOf(ek.key.get());
  for (const Bytes& anchor : {ek.Der(), issuer_.Der(), root_.Der()}) {
    trust_.anchors = {anchor};
    const auto names = CheckEkChain(identity, area, trust_, kYear2025 * 1000);
    ASSERT_TRUE(names.ok()) << names.status();
    EXPECT_EQ(names->anchor_hash, Sha256(ByteView(anchor)));
  }
  trust_.anchors = {stranger.Der()};
  EXPECT_EQ(ReasonOf(CheckEkChain(identity, area, trust_, kYear2025 * 1000).status()),
            RefusalReason::kEndorsementChain)
      << "one that is trusted, sent along, and did not sign";
}

// Who vouched is told by the certificate's hash: names can be had by anybody.
TEST_F(EkChain, TheAnchorIsTheOneThatSigned) {
  const Certificate twin = MakeAuthority("Vendor Root", EcTestKey(), nullptr);
  for (const auto& anchors : {std::vector<Bytes>{twin.Der(), root_.Der()}, {root_.Der(), twin.Der()}}) {
    trust_.anchors = anchors;
    const auto names = CheckForm(CommonForm());
    ASSERT_TRUE(names.ok()) << names.status();
    EXPECT_EQ(names->anchor_hash, Sha256(ByteView(root_.Der())));
  }
}

// An issuer that was certified twice: the way that is valid at the time is taken.
TEST_F(EkChain, OneOfSeveralWaysIsEnough) {
  CertificateForm old;
  old.subject = "Vendor Manufacturing CA 007";
  old.ca = true;
  old.key_usage = "critical,keyCertSign";
  old.until = kYear2024 + 60;
  const Certificate expired = MakeCertificate(old, PkeyPtr(EVP_PKEY_dup(issuer_.key.get())), &root_);
  const Certificate ek = MakeCertificate(CommonForm(), EcTestKey(), &issuer_);
  IdentityEvidence identity;
  identity.ek_certificate = ek.Der();
  const auto check = [&](std::vector<Bytes> sent) {
    identity.intermediates = std::move(sent);
    return CheckEkChain(identity, EkAreaOf(ek.key.get()), trust_, kYear2025 * 1000).status();
  };
  EXPECT_EQ(check({expired.Der(), issuer_.Der()}), absl::OkStatus());
  EXPECT_EQ(check({issuer_.Der(), expired.Der()}), absl::OkStatus());
  EXPECT_EQ(ReasonOf(check({expired.Der()})), RefusalReason::kEndorsementTime);
  trust_.anchors = {expired.Der(), root_.Der()};
  EXPECT_EQ(check({issuer_.Der()}), absl::OkStatus()) << "the expired one is trusted, too";
}

// Authorities that certify each other in a ring, all with one name and one key, are a way to nowhere and end
// soon.
TEST_F(EkChain, ARingOfAuthoritiesEnds) {
  std::vector<Bytes> ring;
  for (long serial = 1; serial <= 8; ++serial) {
    CertificateForm form;
    form.subject = "Vendor Manufacturing CA 007";
    form.ca = true;
    form.serial = serial;
    ring.push_back(MakeCertificate(form, PkeyPtr(EVP_PKEY_dup(issuer_.key.get())), &issuer_).Der());
  }
  const Certificate ek = MakeCertificate(CommonForm(), EcTestKey(), &issuer_);
  IdentityEvidence identity;
  identity.ek_certificate = ek.Der();
  identity.intermediates = ring;
  const auto names = CheckEkChain(identity, EkAreaOf(ek.key.get()), trust_, kYear2025 * 1000);
  EXPECT_EQ(ReasonOf(names.status()), RefusalReason::kEndorsementChain);
}

TEST_F(EkChain, ASoftwareKeyUnderAnAuthorityOfItsOwnIsRefused) {
  const Certificate own_root = MakeAuthority("Vendor Root", EcTestKey(), nullptr);
  const Certificate own_issuer = MakeAuthority("Vendor Manufacturing CA 007", EcTestKey(), &own_root);
  const Certificate ek = MakeCertificate(CommonForm(), EcTestKey(), &own_issuer);
  IdentityEvidence identity;
  identity.ek_certificate = ek.Der();
  for (const auto& sent : {std::vector<Bytes>{own_issuer.Der(), own_root.Der()},
                           {own_issuer.Der(), own_root.Der(), issuer_.Der(), root_.Der()},
                           {issuer_.Der(), root_.Der(), own_issuer.Der(), own_root.Der()}}) {
    identity.intermediates = sent;
    const auto names = CheckEkChain(identity, EkAreaOf(ek.key.get()), trust_, kYear2025 * 1000);
    EXPECT_EQ(ReasonOf(names.status()), RefusalReason::kEndorsementChain) << names.status();
  }
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
  tpm::TpmtPublic loose = EkAreaOf(ek.key.get());
  loose.attributes &= ~tpm::kObjectRestricted;
  EXPECT_EQ(ReasonOf(CheckEkChain(identity, loose, trust_, kYear2025 * 1000).status()),
            RefusalReason::kEndorsementKey)
      << "no template";
}

PkeyPtr SpeltOutKey() {
  PkeyPtr key = EcTestKey();
  Must(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING,
                                      OSSL_PKEY_EC_ENCODING_EXPLICIT) == 1);
  return key;
}

// Parameters in the place of a curve's name may be those of another curve, with a generator for which anybody
// knows the authority's key (CVE-2020-0601). OpenSSL 3.0 refuses them in a chain.
TEST_F(EkChain, CurvesAreNamedNotSpeltOut) {
  EXPECT_FALSE(CheckForm(CommonForm(), SpeltOutKey()).ok()) << "the endorsement key's";
  issuer_ = MakeAuthority("Vendor Manufacturing CA 007", SpeltOutKey(), &root_);
  EXPECT_EQ(Refusal(CommonForm()), RefusalReason::kEndorsementChain) << "its issuer's";
  root_ = MakeAuthority("Vendor Root", SpeltOutKey(), nullptr);
  issuer_ = MakeAuthority("Vendor Manufacturing CA 007", EcTestKey(), &root_);
  trust_.anchors = {root_.Der()};
  EXPECT_EQ(Refusal(CommonForm()), RefusalReason::kEndorsementChain) << "the root's";
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
