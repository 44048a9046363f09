#pragma once

#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "attestation/evidence/evidence.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/realm/realm_proxy.h"
#include "tests/support/tpm/ek_certificate.h"
#include "tests/support/tpm/local_ca.h"

namespace labrec::test {

using attestation::IdentityEvidence;
using attestation::RealmEvidence;
using nlohmann::json;
using testing::HasSubstr;
namespace v1 = ::labyrinth::recovery::v1;

inline std::string Content(const std::filesystem::path& path) {
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

// A real daemon on a software TPM with an EK certificate, a proxy that may lie in its place, and the
// programs.
class Attest : public testing::Test {
 protected:
  // A test's own wishes for the realm.
  virtual void Adjust(RealmFixture::Options&) {}

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
    Adjust(options);
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
  // The device key "key" of an enrolled device, a "secret", the right PIN in "pin" and another in "wrong".
  void Enroll() {
    ASSERT_TRUE(WriteFile(Path("secret"), AsBytes("a secret"), 0600, Overwrite::kRefuse).ok());
    std::ofstream(Path("pin")) << "4711\n4711\n";
    std::ofstream(Path("wrong")) << "1234\n";
    const auto made = ChildProcess::Start(
        {{LABREC_BIN_DIR "/labyrinth-recover", "device-key", "--device-key", Path("key")}, {}, Path("log")});
    ASSERT_TRUE(made.ok()) << made.status();
    ASSERT_EQ((*made)->Wait(std::chrono::seconds(30)).value_or(-1), 0);
    ASSERT_EQ(Recover("enroll --device-key " + Path("key")).code, 0);
  }
  Ended Seal(const std::string& options) {
    return Recover(absl::StrCat("seal --device-key ", Path("key"), " --secret-file ", Path("secret"),
                                " --pin-stdin ", options, " <", Path("pin")));
  }
  // Exit code of a guess with the PIN in this file; what it recovers is in "got".
  int Guess(const std::string& pin, const std::string& options = "") {
    std::filesystem::remove(Path("got"));
    return Recover(absl::StrCat("recover --pin-stdin ", options, " --output ", Path("got"), " <", Path(pin)))
        .code;
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

}  // namespace labrec::test
