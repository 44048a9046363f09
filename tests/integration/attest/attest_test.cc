// labyrinth-recover attest, against a real daemon on a software TPM with an EK certificate: what an honest
// realm proves, and each lie of a host, told by a proxy in its place.

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/tpmt_public.h"
#include "tests/integration/attest/fixture.h"
#include "tests/support/tpm/tpm_tools.h"
#include "tests/unit/attestation/certificates.h"

namespace labrec::test {
namespace {

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
  EXPECT_THAT(Refusal(), HasSubstr("no token is for this realm")) << "nothing is sent to it";
  proxy_->OnAnswer([&](const std::string& rpc, google::protobuf::Message& message) {
    if (rpc == "GetRealm")
      dynamic_cast<v1::GetRealmResponse&>(message).set_realm_id(ToString(*FromHex(other)));
    return grpc::Status::OK;
  });
  EXPECT_THAT(Refusal(), HasSubstr("no token is for this realm")) << "whatever it says of itself";
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
    auto area = tpm::TpmtPublic::Parse(evidence.evaluation_public).value();
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
    auto ak = tpm::TpmtPublic::Parse(identity.ak_public).value();
    ak.x = ToBytes(own.x());
    ak.y = ToBytes(own.y());
    identity.ak_public = ak.Marshal();
  };
  LieInAnswers(with_own_ak, nullptr);
  const Ended refused = Attested();
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.out["error"].get<std::string>(), HasSubstr("the realm's device does not open it"));
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
  Enroll();
  const std::string policy = "--attest-policy " + Path("policy.toml");
  LieInAnswers(nullptr, [](RealmEvidence& evidence) { evidence.pcr_values.pop_back(); });
  const Ended refused = Seal(policy);
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("nothing was sent"));
  EXPECT_EQ(proxy_->calls("BeginRegistration"), 0);
  proxy_->Behave();
  const Ended sealed = Seal(policy);
  EXPECT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_EQ(
      Recover(absl::StrCat("recover --output ", Path("got"), " ", policy, " --pin-stdin <", Path("pin")))
          .code,
      0);
  EXPECT_EQ(Content(Path("got")), "a secret");
}

// Nor to one that does not answer the question, and would answer all others.
TEST_F(Attest, ARealmThatDoesNotAnswerTheQuestionIsAskedNothingElse) {
  Enroll();
  ASSERT_EQ(Seal("").code, 0);
  using grpc::StatusCode;
  for (const std::string asked : {"GetRealm", "GetIdentity", "Attest"}) {
    for (const StatusCode code : {StatusCode::UNAVAILABLE, StatusCode::INTERNAL, StatusCode::UNKNOWN,
                                  StatusCode::RESOURCE_EXHAUSTED, StatusCode::NOT_FOUND}) {
      proxy_->OnRequest([=](const std::string& rpc, const google::protobuf::Message&) {
        return rpc == asked ? grpc::Status(code, "later") : grpc::Status::OK;
      });
      const int before = proxy_->calls("GetRecord");
      const Ended ended = Recover(absl::StrCat("recover --output ", Path("got"), " --attest-policy ",
                                               Path("policy.toml"), " --pin-stdin <", Path("pin")));
      EXPECT_NE(ended.code, 0);
      EXPECT_THAT(ended.err, HasSubstr("it has not proven itself")) << asked << " " << code;
      EXPECT_EQ(proxy_->calls("GetRecord"), before) << asked << " " << code;
      EXPECT_EQ(proxy_->calls("Evaluate"), 0);
    }
  }
}

// The programs, a daemon and a chip that counts: sealed only where the chip's vendor is believed, a wrong PIN
// costs one of the chip's uses, and the right one grants them anew.
TEST_F(Attest, AChipEnforcedRecordThroughThePrograms) {
  Enroll();
  std::filesystem::create_directories(Path("strangers"));
  const std::string chip = "--guess-limit 3 --enforcement chip --ek-roots ";
  EXPECT_NE(Seal(chip + Path("strangers")).code, 0) << "a chip of a vendor that nobody believes";
  EXPECT_EQ(Guess("pin"), 5) << "nothing was stored";

  const Ended sealed = Seal(chip + Path("roots"));
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_THAT(sealed.err, HasSubstr("wrong PINs are counted by its chip, as proven"));
  EXPECT_EQ(Guess("wrong"), 3);
  const Ended status = Recover("status");
  EXPECT_EQ(status.out["enforcement"], "chip") << status.out.dump(1);
  EXPECT_EQ(status.out["remaining"], 2) << status.out.dump(1);
  EXPECT_EQ(Guess("pin"), 7) << "recovered; but only this realm says that there was a wrong PIN before";
  EXPECT_EQ(Content(Path("got")), "a secret");
  EXPECT_EQ(Guess("pin", "--own-tries 2"), 0) << "both were the person's";
  for (int guess = 0; guess < 2; ++guess) {
    std::ofstream(Path("guess")) << "99" << guess << "\n";
    EXPECT_EQ(Guess("guess"), 3);
  }
  std::ofstream(Path("guess")) << "997\n";
  (void)Guess("guess");  // the last one of three: wrong PIN or destroyed by now
  EXPECT_EQ(Guess("pin"), 4) << "the right PIN comes too late";
}

}  // namespace
}  // namespace labrec::test
