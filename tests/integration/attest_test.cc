// labyrinth-recover attest, against a real daemon on a software TPM with an EK certificate: what an honest
// realm proves, and each lie of a host, told by a proxy in its place.

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include "absl/strings/str_cat.h"

#include "attestation/verify/evidence.h"
#include "attestation/verify/tpm_constants.h"
#include "attestation/verify/tpmt_public.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/ek_certificate.h"
#include "tests/support/local_ca.h"
#include "tests/support/realm_fixture.h"
#include "tests/support/realm_proxy.h"
#include "tests/support/tpm_tools.h"
#include "tests/unit/attestation_certificates.h"

namespace labrec::test {
namespace {

using attestation::IdentityEvidence;
using attestation::RealmEvidence;
using nlohmann::json;
using testing::HasSubstr;
namespace v1 = ::labyrinth::recovery::v1;

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Ended {
  int code = -1;
  json out;
  std::string err;
};

class Attest : public testing::Test {
 protected:
  // A realm that knows the proxy's certificate as its own proxy's, as nginx's would be.
  void SetUp() override {
    MakeRealm(absl::StrCat("tls_certificates = [\"", certificate_.certificate_file().string(), "\"]\n"));
  }

  void MakeRealm(const std::string& attestation_lines) {
    proxy_.reset();
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    options.more_configuration = absl::StrCat("[attestation]\npcrs = \"sha256:0,16\"\nper_minute = 1000\n",
                                              "per_minute_and_account = 1000\nintermediates = \"",
                                              Path("chain"), "\"\n", attestation_lines);
    options.prepare_tpm = [this](const Swtpm& tpm) -> absl::Status {
      LABREC_RETURN_IF_ERROR(GiveEkCertificate(tpm, EkKind::kP256));
      LABREC_ASSIGN_OR_RETURN(const Bytes issuer, LocalCa::Instance().Issuer());
      LABREC_ASSIGN_OR_RETURN(const attestation::EkTrust trust, LocalCa::Instance().Trust());
      std::filesystem::create_directories(Path("chain"));
      std::filesystem::create_directories(Path("roots"));
      std::ofstream(Path("chain/issuer.der")) << ToString(issuer);
      std::ofstream(Path("roots/root.der")) << ToString(trust.anchors.front());
      return absl::OkStatus();
    };
    auto realm = RealmFixture::Make(SimulatorKind::kSwtpm, std::move(options));
    ASSERT_TRUE(realm.ok()) << realm.status();
    realm_ = *std::move(realm);
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    proxy_ = std::make_unique<RealmProxy>(realm_->address(), Content(realm_->ca_certificate()), certificate_);
    std::ofstream(Path("alice.jwt")) << realm_->Token("alice") << "\n";
    WritePolicy("");
    List(proxy_->address(), certificate_.certificate_file());
  }

  std::string Path(const std::string& name) const { return (folder_.path() / name).string(); }
  void WritePolicy(const std::string& more) {
    std::ofstream(Path("policy.toml")) << "[endorsement]\nroots = \"roots\"\n" << more;
  }
  void List(const std::string& address, const std::filesystem::path& ca, const std::string& id = "") {
    std::ofstream(Path("realms.toml")) << "[[realm]]\nid = \"" << (id.empty() ? realm_->realm_id() : id)
                                       << "\"\nname = \"oslo\"\naddress = \"" << address
                                       << "\"\nca_certificate = \"" << ca.string() << "\"\n";
  }

  // The realm's entry is moved up, where there is one.
  Ended Recover(const std::string& words) {
    std::filesystem::remove(Path("err"));
    auto child = ChildProcess::Start(
        {{"/bin/sh", "-c",
          absl::StrCat("exec ", LABREC_BIN_DIR, "/labyrinth-recover ", words, " --json --realms ",
                       Path("realms.toml"), " --token-file ", Path("alice.jwt"), " >", Path("out"))},
         {},
         Path("err")});
    if (!child.ok()) return {};
    Ended ended;
    ended.code = (*child)->Wait(std::chrono::seconds(60)).value_or(-1);
    ended.out = json::parse(Content(Path("out")), nullptr, false);
    ended.err = Content(Path("err"));
    if (ended.out.is_object() && ended.out.contains("realms")) ended.out = ended.out["realms"][0];
    return ended;
  }
  Ended Attested() { return Recover("attest --attest-policy " + Path("policy.toml")); }
  // The reason of the refusal, or what came instead.
  std::string Refusal() {
    const Ended ended = Attested();
    if (ended.code == 1 && ended.out.is_object() && ended.out.contains("reason")) return ended.out["reason"];
    return absl::StrCat(ended.code, " ", ended.out.dump(), ended.err);
  }

  void LieInAnswers(std::function<void(IdentityEvidence&)> of_identity,
                    std::function<void(RealmEvidence&)> of_realm) {
    proxy_->OnAnswer([=](const std::string& rpc, google::protobuf::Message& message) {
      if (rpc == "GetIdentity" && of_identity) {
        auto& answer = dynamic_cast<v1::GetIdentityResponse&>(message);
        IdentityEvidence identity = attestation::DecodeIdentityEvidence(AsBytes(answer.identity())).value();
        of_identity(identity);
        answer.set_identity(ToString(attestation::Encode(identity)));
      }
      if (rpc == "Attest" && of_realm) {
        auto& answer = dynamic_cast<v1::AttestResponse&>(message);
        RealmEvidence evidence = attestation::DecodeRealmEvidence(AsBytes(answer.evidence())).value();
        of_realm(evidence);
        answer.set_evidence(ToString(attestation::Encode(evidence)));
      }
      return grpc::Status::OK;
    });
  }

  TemporaryFolder folder_;
  TestCertificate certificate_;
  std::unique_ptr<RealmFixture> realm_;
  std::unique_ptr<RealmProxy> proxy_;
};

TEST_F(Attest, AnHonestRealmProvesItself) {
  WritePolicy("[pcrs.sha256]\n16 = \"" + std::string(64, '0') + "\"\n[firmware]\nminimum = \"0.0.0.1\"\n");
  for (const bool through_proxy : {true, false}) {
    if (!through_proxy) List(realm_->address(), realm_->ca_certificate());
    const Ended ended = Attested();
    EXPECT_EQ(ended.code, 0) << ended.out.dump(1) << ended.err;
    EXPECT_EQ(ended.out["outcome"], "proven");
    EXPECT_EQ(ended.out["proven"].size(), 6U) << ended.out.dump(1);
    EXPECT_EQ(ended.out["ak_name"].get<std::string>().size(), 68U);
    EXPECT_THAT(ended.out["not_proven"][0].get<std::string>(), HasSubstr("counts guesses"));
  }
}

TEST_F(Attest, TheOperatorSeesTheSame) {
  const auto proven = realm_->Admin({"attest", "--attest-policy", Path("policy.toml")});
  ASSERT_TRUE(proven.ok()) << proven.status();
  EXPECT_EQ(json::parse(*proven)["outcome"], "proven");
  EXPECT_FALSE(realm_->Admin({"attest"}).ok()) << "nobody was named to believe";
}

// What a PKCS#11 realm says of its keys is shown as what it is: claims.
TEST(AttestPkcs11, ClaimsAreNotProofs) {
  const TemporaryFolder folder;
  RealmFixture::Options options;
  options.transport = RealmFixture::Transport::kLoopbackTls;
  auto realm = RealmFixture::Make(SimulatorKind::kSoftHsm, std::move(options));
  ASSERT_TRUE(realm.ok()) << realm.status();
  const absl::Status started = (*realm)->StartDaemon();
  ASSERT_TRUE(started.ok()) << started;
  std::ofstream(folder.path() / "alice.jwt") << (*realm)->Token("alice") << "\n";
  std::ofstream(folder.path() / "realms.toml")
      << "[[realm]]\nid = \"" << (*realm)->realm_id() << "\"\nname = \"oslo\"\naddress = \""
      << (*realm)->address() << "\"\nca_certificate = \"" << (*realm)->ca_certificate().string() << "\"\n";
  auto child = ChildProcess::Start(
      {{"/bin/sh", "-c",
        absl::StrCat(
            "cd ", folder.path().string(), " && exec ", LABREC_BIN_DIR,
            "/labyrinth-recover attest --realm oslo --realms realms.toml --token-file alice.jwt >out")},
       {},
       folder.path() / "err"});
  ASSERT_TRUE(child.ok());
  EXPECT_EQ((*child)->Wait(std::chrono::seconds(60)).value_or(-1), 1);
  const std::string out = Content(folder.path() / "out");
  EXPECT_THAT(out, HasSubstr("realm oslo: not-proven"));
  EXPECT_THAT(out,
              HasSubstr("NOT proven: its claim: evaluation key: CKA_LOCAL true, CKA_NEVER_EXTRACTABLE true"));
  EXPECT_THAT(out, HasSubstr("NOT proven: its claim: device: SoftHSM"));
  EXPECT_FALSE((*realm)->Admin({"attest"}).ok());
}

TEST_F(Attest, WithoutAPolicyNothingIsProven) {
  const Ended ended = Recover("attest");
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out["outcome"], "not-proven");
  EXPECT_THAT(ended.out["not_proven"][0].get<std::string>(), HasSubstr("nobody was named to believe"));
}

TEST_F(Attest, AHostBetweenIsSeen) {
  MakeRealm("");  // the proxy's key is none of the realm's now
  if (HasFatalFailure()) return;
  const Ended relayed = Attested();
  EXPECT_EQ(relayed.code, 1);
  EXPECT_EQ(relayed.out["outcome"], "not-proven");
  EXPECT_THAT(relayed.out["error"].get<std::string>(), HasSubstr("none of this realm's"));
  // It asks for itself, with the realm's own key: the request is the proxy's to change.
  const Bytes spki = [&] {
    const auto pem = Content(realm_->ca_certificate());
    BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    const X509Ptr certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
    BIO_free(bio);
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
    const Bytes copy(der, der + size);
    OPENSSL_free(der);
    return copy;
  }();
  proxy_->OnRequest([&](const std::string& rpc, const google::protobuf::Message& message) {
    if (rpc == "Attest") {
      auto& request = const_cast<v1::AttestRequest&>(dynamic_cast<const v1::AttestRequest&>(message));
      request.set_tls_key_hash(ToString(Sha256(ByteView(spki))));
    }
    return grpc::Status::OK;
  });
  EXPECT_EQ(Refusal(), "STALE");
}

TEST_F(Attest, AnotherRealmsChipIsRefused) {
  const std::string other(32, 'a');
  List(proxy_->address(), certificate_.certificate_file(), other);
  EXPECT_EQ(Refusal(), "WRONG_KEY") << "it says who it is";
  proxy_->OnAnswer([&](const std::string& rpc, google::protobuf::Message& message) {
    if (rpc == "GetRealm")
      dynamic_cast<v1::GetRealmResponse&>(message).set_realm_id(ToString(*FromHex(other)));
    return grpc::Status::OK;
  });
  EXPECT_EQ(Refusal(), "STALE") << "the statements name the realm";
}

TEST_F(Attest, AKeyOfTheHostsOwnIsRefused) {
  const P256Point own = EcdsaPrivateKey::Generate().public_key().point();
  proxy_->OnAnswer([&](const std::string& rpc, google::protobuf::Message& message) {
    if (rpc == "GetRealm") {
      dynamic_cast<v1::GetRealmResponse&>(message).set_evaluation_public_key(ToString(own.Compressed()));
    }
    return grpc::Status::OK;
  });
  EXPECT_EQ(Refusal(), "WRONG_KEY");
  LieInAnswers(nullptr, [&](RealmEvidence& evidence) {
    auto area = attestation::TpmtPublic::Parse(evidence.evaluation_public).value();
    area.x = ToBytes(own.x());
    area.y = ToBytes(own.y());
    evidence.evaluation_public = area.Marshal();
  });
  EXPECT_EQ(Refusal(), "STATEMENT") << "its area beside the statement about the chip's";
  LieInAnswers(nullptr, [&](RealmEvidence& evidence) {
    std::swap(evidence.evaluation_certified, evidence.derivation_certified);
    std::swap(evidence.evaluation_public, evidence.derivation_public);
  });
  EXPECT_EQ(Refusal(), "KEY_ATTRIBUTES") << "another key of the same chip";
}

TEST_F(Attest, OldStatementsAreStale) {
  std::optional<RealmEvidence> old;
  LieInAnswers(nullptr, [&](RealmEvidence& evidence) { old = evidence; });
  ASSERT_EQ(Attested().code, 0);
  LieInAnswers(nullptr, [&](RealmEvidence& evidence) { evidence.quote = old->quote; });
  EXPECT_EQ(Refusal(), "STALE");
  LieInAnswers(nullptr,
               [&](RealmEvidence& evidence) { evidence.evaluation_certified = old->evaluation_certified; });
  EXPECT_EQ(Refusal(), "STALE");
  LieInAnswers(nullptr, [&](RealmEvidence& evidence) { evidence = *old; });
  EXPECT_EQ(Refusal(), "ATTESTATION_KEY_BOUND") << "an old challenge's answer";
}

TEST_F(Attest, SoftwareKeysAreRefused) {
  const attestation::Certificate root =
      attestation::MakeAuthority("Not a Vendor", attestation::EcTestKey(), nullptr);
  attestation::CertificateForm form;
  form.extended_key_usage = "2.23.133.8.1";
  form.tpm_names = "id:49465800/SLB 9670/id:0755";
  const attestation::Certificate ek = attestation::MakeCertificate(form, attestation::EcTestKey(), &root);
  LieInAnswers(
      [&](IdentityEvidence& identity) {
        identity.ek_certificate = ek.Der();
        identity.intermediates.clear();
        identity.ek_public = attestation::EkAreaOf(ek.key.get()).Marshal();
      },
      nullptr);
  EXPECT_EQ(Refusal(), "ENDORSEMENT_CHAIN") << "an EK certificate of its own making";

  // An AK of its own beside the real EK: nobody opens the challenge for it, so a guess is sent.
  const P256Point own = EcdsaPrivateKey::Generate().public_key().point();
  const auto with_own_ak = [own](IdentityEvidence& identity) {
    auto ak = attestation::TpmtPublic::Parse(identity.ak_public).value();
    ak.x = ToBytes(own.x());
    ak.y = ToBytes(own.y());
    identity.ak_public = ak.Marshal();
  };
  LieInAnswers(with_own_ak, nullptr);
  const Ended refused = Attested();
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.out["error"].get<std::string>(), HasSubstr("challenge was not made for this realm's"));
}

TEST_F(Attest, PcrsThatThePolicyDoesNotTakeAreRefused) {
  WritePolicy("[pcrs.sha256]\n16 = \"" + std::string(64, '0') + "\"\n");
  ASSERT_EQ(Attested().code, 0);
  ASSERT_TRUE(TpmTools(*realm_->swtpm()).Run("pcrextend 16:sha256=" + std::string(64, '1')).ok());
  EXPECT_EQ(Refusal(), "PCR");
  WritePolicy("");
  EXPECT_EQ(Attested().code, 0);
}

// With --attest-policy nothing is sent to a realm that does not prove itself.
TEST_F(Attest, SealsOnlyAtARealmThatProvesItself) {
  const std::string options =
      " --attest-policy " + Path("policy.toml") + " --record r --pin-stdin <" + Path("pin");
  ASSERT_TRUE(WriteFile(Path("secret"), AsBytes("a secret"), 0600, Overwrite::kRefuse).ok());
  std::ofstream(Path("pin")) << "4711\n4711\n";
  ASSERT_EQ(
      ChildProcess::Start(
          {{LABREC_BIN_DIR "/labyrinth-recover", "device-key", "--device-key", Path("key")}, {}, Path("log")})
          .value()
          ->Wait(std::chrono::seconds(30))
          .value(),
      0);
  ASSERT_EQ(Recover("enroll --device-key " + Path("key")).code, 0);
  const std::string seal = "seal --device-key " + Path("key") + " --secret-file " + Path("secret") + options;
  LieInAnswers(nullptr, [](RealmEvidence& evidence) { evidence.pcr_values.pop_back(); });
  const Ended refused = Recover(seal);
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("nothing was sent"));
  EXPECT_EQ(proxy_->calls("BeginRegistration"), 0);
  proxy_->Behave();
  const Ended sealed = Recover(seal);
  EXPECT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_EQ(Recover("recover --output " + Path("got") + options).code, 0);
  EXPECT_EQ(Content(Path("got")), "a secret");
}

// The programs, a daemon and a chip that counts: sealed only where the chip's vendor is believed, a wrong PIN
// costs one of the chip's uses, and the right one grants them anew.
TEST_F(Attest, AChipEnforcedRecordThroughThePrograms) {
  ASSERT_TRUE(WriteFile(Path("secret"), AsBytes("a secret"), 0600, Overwrite::kRefuse).ok());
  std::ofstream(Path("pin")) << "4711\n4711\n";
  std::ofstream(Path("wrong")) << "1234\n";
  std::filesystem::create_directories(Path("strangers"));
  ASSERT_EQ(
      ChildProcess::Start(
          {{LABREC_BIN_DIR "/labyrinth-recover", "device-key", "--device-key", Path("key")}, {}, Path("log")})
          .value()
          ->Wait(std::chrono::seconds(30))
          .value(),
      0);
  ASSERT_EQ(Recover("enroll --device-key " + Path("key")).code, 0);
  const std::string seal = "seal --device-key " + Path("key") + " --secret-file " + Path("secret") +
                           " --guess-limit 3 --pin-stdin --enforcement chip --ek-roots ";
  const std::string no_secret = "recover --output " + Path("none") + " ";
  const Ended stranger = Recover(seal + Path("strangers") + " <" + Path("pin"));
  EXPECT_NE(stranger.code, 0) << "a chip of a vendor that nobody believes";
  EXPECT_EQ(Recover(no_secret + "--pin-stdin <" + Path("pin")).code, 5) << "nothing was stored";

  const Ended sealed = Recover(seal + Path("roots") + " <" + Path("pin"));
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_THAT(sealed.err, HasSubstr("wrong PINs are counted by its chip, as proven"));
  EXPECT_EQ(Recover(no_secret + "--pin-stdin <" + Path("wrong")).code, 3);
  const Ended status = Recover("status");
  EXPECT_EQ(status.out["enforcement"], "chip") << status.out.dump(1);
  EXPECT_EQ(status.out["remaining"], 2) << status.out.dump(1);
  EXPECT_EQ(Recover("recover --pin-stdin --output " + Path("got") + " <" + Path("pin")).code, 0);
  EXPECT_EQ(Content(Path("got")), "a secret");
  for (int guess = 0; guess < 2; ++guess) {
    std::ofstream(Path("guess")) << "99" << guess << "\n";
    EXPECT_EQ(Recover(no_secret + "--pin-stdin <" + Path("guess")).code, 3);
  }
  std::ofstream(Path("guess")) << "997\n";
  Recover(no_secret + "--pin-stdin <" +
          Path("guess"));  // the last one of three: wrong PIN or destroyed by now
  EXPECT_EQ(Recover(no_secret + "--pin-stdin <" + Path("pin")).code, 4) << "the right PIN comes too late";
}

}  // namespace
}  // namespace labrec::test
