// A realm that shows an endorsement key made in software, through the real programs: refused before anything
// is sealed, with the reason in words.

#include "tests/integration/attest/fixture.h"
#include "tests/unit/attestation/certificates.h"

namespace labrec::test {
namespace {

using attestation::Certificate;
using attestation::CertificateForm;
using attestation::EcTestKey;
using attestation::EkAreaOf;
using attestation::MakeAuthority;
using attestation::MakeCertificate;

class SoftwareEk : public Attest {
 protected:
  // However a user asks for proof, he gets this reason instead, and the realm gets nothing.
  void ExpectRefused(const std::string& reason, const std::string& words) {
    Enroll();
    const Ended attested = Attested();
    EXPECT_EQ(attested.code, 1);
    EXPECT_EQ(attested.out["outcome"], "refused") << attested.out.dump(1);
    EXPECT_EQ(attested.out.value("reason", ""), reason);
    EXPECT_THAT(attested.out.value("error", ""), HasSubstr(words));
    for (const std::string& demand :
         {"--attest-policy " + Path("policy.toml"), "--enforcement chip --ek-roots " + Path("roots")}) {
      const Ended sealed = Seal(demand);
      EXPECT_NE(sealed.code, 0) << demand;
      EXPECT_THAT(sealed.err, HasSubstr(words)) << demand;
      EXPECT_EQ(Guess("pin"), 5) << "nothing was stored";
    }
    EXPECT_EQ(proxy_->calls("ActivateCredential"), 0);
    EXPECT_EQ(proxy_->calls("BeginRegistration"), 0);
    EXPECT_EQ(proxy_->calls("FinishRegistration"), 0);
    // The control: the same words to the realm itself.
    proxy_->Behave();
    EXPECT_EQ(Attested().code, 0);
    const Ended sealed = Seal("--enforcement chip --ek-roots " + Path("roots"));
    EXPECT_EQ(sealed.code, 0) << sealed.err;
    EXPECT_EQ(Guess("pin"), 0);
  }

  static CertificateForm Form() {
    CertificateForm form;
    form.key_usage = "critical,keyAgreement";
    form.extended_key_usage = "2.23.133.8.1";
    form.tpm_names = "id:49465800/SLB 9670 TPM2.0/id:0755";
    return form;
  }
};

// Its authority has the names of the real one, and the real one's certificates are sent along too.
TEST_F(SoftwareEk, UnderAnAuthorityOfItsOwnIsRefused) {
  const Certificate root = MakeAuthority("swtpm-localca-rootca", EcTestKey(), nullptr);
  const Certificate issuer = MakeAuthority("swtpm-localca", EcTestKey(), &root);
  const Certificate ek = MakeCertificate(Form(), EcTestKey(), &issuer);
  LieInAnswers(
      [&](IdentityEvidence& identity) {
        identity.ek_certificate = ek.Der();
        identity.ek_public = EkAreaOf(ek.key.get()).Marshal();
        identity.intermediates.insert(identity.intermediates.begin(), {issuer.Der(), root.Der()});
      },
      nullptr);
  ExpectRefused("ENDORSEMENT_CHAIN", "certificate chain is not to be trusted");
}

TEST_F(SoftwareEk, BesideARealChipsCertificateIsRefused) {
  const PkeyPtr own = EcTestKey();
  LieInAnswers([&](IdentityEvidence& identity) { identity.ek_public = EkAreaOf(own.get()).Marshal(); },
               nullptr);
  ExpectRefused("ENDORSEMENT_KEY", "the endorsement key is not the one in its certificate");
}

// The real chip's endorsement key cannot sign; but its certificate could be passed off as an authority's.
TEST_F(SoftwareEk, UnderARealChipsCertificateIsRefused) {
  const PkeyPtr own = EcTestKey();
  LieInAnswers(
      [&](IdentityEvidence& identity) {
        const unsigned char* der = identity.ek_certificate.data();
        Certificate chip;
        chip.x509.reset(d2i_X509(nullptr, &der, static_cast<long>(identity.ek_certificate.size())));
        chip.key = EcTestKey();  // not the chip's, which nobody has
        const Certificate ek = MakeCertificate(Form(), EcTestKey(), &chip);
        identity.intermediates.push_back(identity.ek_certificate);
        identity.ek_certificate = ek.Der();
        identity.ek_public = EkAreaOf(ek.key.get()).Marshal();
      },
      nullptr);
  ExpectRefused("ENDORSEMENT_CHAIN", "certificate chain is not to be trusted");
}

}  // namespace
}  // namespace labrec::test
