#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/p256.h"
#include "recovery/api/v1/recovery.grpc.pb.h"
#include "recovery/client/tokens/bearer_token.h"
#include "recovery/server/tokens/base64url.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/integration/client/world.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"

// Realms as thieves of tokens: each keeps what a person's client sent it, and calls the others with it.
namespace labrec::recovery::client {

namespace v1 = ::labyrinth::recovery::v1;
namespace {

using test::FinishedCommand;
using testing::Each;
using testing::HasSubstr;

class TokenReplay : public ClientWorld {
 protected:
  void SetUp() override {
    std::ofstream(Path("ca.pem")) << realm(0).address().ca_pem;
    WriteList("");
    ASSERT_TRUE(WriteFile(Path("tenant.key"), token_key().ToPem().view(), 0600, Overwrite::kRefuse).ok());
    ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  }
  std::string Path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string Id(size_t i) { return Hex(realm(i).address().id); }
  void WriteList(const std::string& head) {
    std::ofstream list(Path("realms.toml"));
    list << head;
    for (size_t i = 0; i < kRealms; ++i) {
      list << "[[realm]]\nid = \"" << Id(i) << "\"\nname = \"" << realm(i).address().name
           << "\"\naddress = \"" << proxy(i).address() << "\"\nca_certificate = \"ca.pem\"\n";
    }
  }

  // The token that each realm was sent last.
  std::vector<std::string> Sent() {
    std::vector<std::string> sent;
    for (size_t i = 0; i < kRealms; ++i) sent.push_back(proxy(i).authorization());
    return sent;
  }

  // `labyrinth-admin token issue` for these realms.
  FinishedCommand Issue(const std::vector<size_t>& realms, const std::vector<std::string>& more = {}) {
    std::vector<std::string> issue = {LABREC_BIN_DIR "/labyrinth-admin",
                                      "token",
                                      "issue",
                                      "--key",
                                      Path("tenant.key"),
                                      "--tenant",
                                      "chat",
                                      "--account",
                                      "alice"};
    for (const size_t i : realms) issue.insert(issue.end(), {"--realm", Id(i)});
    issue.insert(issue.end(), more.begin(), more.end());
    FinishedCommand issued = test::RunCommand(issue);
    EXPECT_EQ(issued.code, 0) << issued.err;
    return issued;
  }
  FinishedCommand Recover(std::vector<std::string> words, const std::string& input = "") {
    words.insert(words.begin(), LABREC_BIN_DIR "/labyrinth-recover");
    words.insert(words.end(), {"--realms", Path("realms.toml")});
    return test::RunCommand(words, input);
  }
  // Tokens for all realms, as a tenant's operator issues them, used by the person's program.
  void UseTheProgram() {
    std::ofstream(Path("tokens")) << Issue({0, 1, 2}).out;
    const FinishedCommand status = Recover({"status", "--token-file", Path("tokens")});
    ASSERT_EQ(status.code, 0) << status.err << status.out;
  }

  // A guess of the thief's at realm `at`, with what the client sent to realm `from`.
  grpc::Status Guess(size_t from, size_t at) { return GuessWith(proxy(from).authorization(), at); }
  grpc::Status GuessWith(const std::string& authorization, size_t at) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = realm(at).address().ca_pem;
    const auto stub =
        v1::Recovery::NewStub(grpc::CreateChannel(realm(at).address().address, grpc::SslCredentials(tls)));
    grpc::ClientContext context;
    context.AddMetadata("authorization", authorization);
    v1::EvaluateRequest request;
    request.set_record("default");
    request.set_version(1);
    request.add_elements(ToString(P256Point::Generator().Times(P256Scalar::Random()).Compressed()));
    v1::EvaluateResponse response;
    return stub->Evaluate(&context, request, &response);
  }
  // A token with any claims, signed as the tenant signs.
  std::string TokenWith(const std::string& claims) {
    const std::string header =
        absl::StrCat(R"({"alg":"ES256","kid":")", TokenKeyId(token_key().public_key()), R"("})");
    const std::string part = Base64Url(AsBytes(header)) + "." + Base64Url(AsBytes(claims));
    return part + "." + Base64Url(token_key().Sign(AsBytes(part)));
  }

  test::TemporaryFolder folder_;
};

TEST_F(TokenReplay, WhatOneRealmGotIsWorthNothingAtTheOthers) {
  UseTheProgram();
  for (size_t from = 0; from < kRealms; ++from) {
    ASSERT_THAT(proxy(from).authorization(), HasSubstr("Bearer ")) << "the thief got nothing";
    for (size_t at = 0; at < kRealms; ++at) {
      if (at == from) continue;
      const grpc::Status guess = Guess(from, at);
      EXPECT_EQ(guess.error_code(), grpc::StatusCode::UNAUTHENTICATED)
          << "realm " << from << " guessed at realm " << at;
      EXPECT_THAT(guess.error_message(), HasSubstr("\"aud\""));
    }
  }
  EXPECT_THAT(Remaining(), Each(10U));
}

TEST_F(TokenReplay, ATokenForOneRealmIsGoodThere) {
  UseTheProgram();
  const grpc::Status guess = Guess(1, 1);
  EXPECT_TRUE(guess.ok()) << guess.error_message();
  EXPECT_THAT(Remaining(), testing::ElementsAre(10U, 9U, 10U));
}

// What quickstart and README once made. Neither side takes part in it any more.
TEST_F(TokenReplay, ATokenForAllRealmsIsNeitherSentNorTaken) {
  const std::string ids = Id(0) + "\",\"" + Id(1) + "\",\"" + Id(2);
  const std::string token =
      TokenWith(absl::StrCat(R"({"iss":"chat","sub":"alice","aud":[")", ids, R"("],"exp":)",
                             SystemClock().NowMillis() / 1000 + 600, "}"));
  std::ofstream(Path("token")) << token;
  const std::vector<std::string> before = Sent();
  const FinishedCommand refused = Recover({"status", "--token-file", Path("token")});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("the token is good at 3 realms or services, and each could use it"));
  EXPECT_EQ(Sent(), before) << "nothing is sent";
  for (size_t i = 0; i < kRealms; ++i) {
    EXPECT_EQ(GuessWith("Bearer " + token, i).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
  EXPECT_THAT(Remaining(), Each(10U));
}

TEST_F(TokenReplay, TokensAreIssuedForSeveralRealmsAtOnce) {
  const auto tokens = ParseBearerTokens(Issue({0, 1, 2}).out);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  ASSERT_EQ(tokens->size(), 3U);
  for (size_t i = 0; i < kRealms; ++i) EXPECT_TRUE(CheckIsFor((*tokens)[i], realm(i).address().id).ok());
  const std::string json = Issue({2}, {"--json"}).out;
  EXPECT_THAT(json, HasSubstr("\"tokens\": {\n    \"" + Id(2) + "\": \"ey"));
}

// A platform's own program, which the realm list names.
class CommandedTokens : public TokenReplay {
 protected:
  void SetUp() override {
    TokenReplay::SetUp();
    WriteList("token_command = [\"./token\", \"of\", \"alice\"]\n");
    for (size_t i = 0; i < kRealms; ++i) std::ofstream(Path(Id(i) + ".jwt")) << Issue({i}).out;
  }
  // A shell script; $id is the realm's. It notes each of its runs.
  void WriteCommand(const std::string& script) {
    std::ofstream(Path("token")) << "#!/bin/sh\ncd " << folder_.path().string()
                                 << "\n[ \"$1 $2\" = \"of alice\" ] || exit 9\nid=$3\necho $id >>runs\n"
                                 << script << "\n";
    std::filesystem::permissions(Path("token"), std::filesystem::perms(0700));
  }
  size_t Runs(const std::string& id) {
    std::ifstream runs(Path("runs"));
    size_t count = 0;
    for (std::string line; std::getline(runs, line);) count += line == id ? 1 : 0;
    return count;
  }
};

TEST_F(CommandedTokens, IsRunOnceForEachRealmWithItsId) {
  WriteCommand("cat $id.jwt");
  const FinishedCommand status = Recover({"status"});
  EXPECT_EQ(status.code, 0) << status.err;
  for (size_t i = 0; i < kRealms; ++i) EXPECT_EQ(Runs(Id(i)), 1U);
}

TEST_F(CommandedTokens, ARealmThatItFailsForIsLeftOutAndNamed) {
  WriteCommand("[ $id != " + Id(0) + " ] || { echo 'not signed in at oslo' >&2; exit 3; }; cat $id.jwt");
  const std::string before = proxy(0).authorization();
  const FinishedCommand recovered = Recover({"recover", "--pin-stdin"}, kRight);
  EXPECT_EQ(recovered.code, 0) << recovered.err;
  EXPECT_THAT(recovered.err, HasSubstr("realm oslo"));
  EXPECT_THAT(recovered.err, HasSubstr("ended with exit code 3: not signed in at oslo"));
  EXPECT_EQ(proxy(0).authorization(), before) << "nothing is sent";
}

TEST_F(CommandedTokens, IfItFailsForAllNothingIsSent) {
  WriteCommand("echo 'no network' >&2; exit 1");
  const std::vector<std::string> before = Sent();
  const FinishedCommand refused = Recover({"recover", "--pin-stdin"}, kRight);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("ended with exit code 1: no network"));
  EXPECT_EQ(Sent(), before);
}

TEST_F(CommandedTokens, AnothersTokenIsNotSent) {
  WriteCommand("cat " + Id(1) + ".jwt");
  const std::vector<std::string> before = Sent();
  const FinishedCommand status = Recover({"status"});
  EXPECT_THAT(status.out, HasSubstr("porto: good"));
  EXPECT_THAT(status.out, HasSubstr("no token is for this realm"));
  EXPECT_EQ(proxy(0).authorization(), before[0]);
  EXPECT_NE(proxy(1).authorization(), before[1]);
  EXPECT_EQ(proxy(2).authorization(), before[2]);
}

TEST_F(CommandedTokens, IsAskedAgainWhenATokenIsRefused) {
  std::ofstream(Path("old.jwt")) << TokenWith(absl::StrCat(R"({"iss":"chat","sub":"alice","aud":")", Id(0),
                                                           R"(","exp":)",
                                                           SystemClock().NowMillis() / 1000 - 5, "}"));
  WriteCommand("if [ $id = " + Id(0) +
               " ] && [ ! -e once ]; then touch once; cat old.jwt; else cat $id.jwt; fi");
  const FinishedCommand status = Recover({"status"});
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_THAT(status.out, HasSubstr("oslo: good"));
  EXPECT_EQ(Runs(Id(0)), 2U);
  EXPECT_EQ(Runs(Id(1)), 1U);
}

}  // namespace
}  // namespace labrec::recovery::client
