#include <chrono>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/server/tokens/jwks_url.h"
#include "tests/integration/tenants/key_server.h"

// Key sets that are fetched, from a server that serves them by TLS.
namespace labrec::test {
namespace {

using recovery::HttpsGet;
using recovery::JwksUrl;
using testing::HasSubstr;

class KeyAddresses : public testing::Test {
 protected:
  absl::Status Get(const std::string& path, const std::filesystem::path& authorities) const {
    return HttpsGet({server_.url(path), authorities}, never_).status();
  }
  void ExpectUnavailable(const absl::Status& status, const std::string& words) const {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }
  std::unique_ptr<JwksUrl> Fetching(recovery::FetchTimes times) const {
    auto keys = *JwksUrl::Make({server_.url(), server_.ca()}, times);
    keys->Begin();
    return keys;
  }
  // Whether the source comes to that, before a test's patience ends; it is asked again and again.
  static bool Comes(const std::function<bool()>& there) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!there()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  const EcdsaPrivateKey key_ = EcdsaPrivateKey::Generate();
  KeyServer server_{key_.public_key()};
  const std::atomic<bool> never_ = false;
};

TEST_F(KeyAddresses, WhatIsTakenAndWhatIsNot) {
  EXPECT_TRUE(Get("jwks", server_.ca()).ok()) << Get("jwks", server_.ca());
  ExpectUnavailable(Get("moved", server_.ca()), "redirect is not followed");
  ExpectUnavailable(Get("long", server_.ca()), "longer than 1048576 bytes");
  ExpectUnavailable(Get("nowhere", server_.ca()), "answers 404");
  const TestCertificate stranger;
  ExpectUnavailable(Get("jwks", stranger.certificate_file()), "certificate");
  ExpectUnavailable(Get("jwks", {}), "certificate");  // none of the system's
  std::string elsewhere = server_.url();
  elsewhere.replace(elsewhere.find("localhost"), 9, "127.0.0.2");  // not in the certificate
  ExpectUnavailable(HttpsGet({elsewhere, server_.ca()}, never_).status(), "");
  server_.Stop();
  ExpectUnavailable(Get("jwks", server_.ca()), "onnect");
}

TEST_F(KeyAddresses, OnlyTls) {
  std::string plain = server_.url();
  plain.erase(plain.find('s'), 1);
  EXPECT_EQ(JwksUrl::Make({plain, {}}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(HttpsGet({plain, {}}, never_).ok()) << "libcurl is told, too";
  EXPECT_EQ(JwksUrl::Make({"https://me:secret@localhost/", {}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(JwksUrl::Make({server_.url(), "/no/such/file"}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(KeyAddresses, AnAddressThatIsAway) {
  recovery::FetchTimes times;
  times.refresh = times.retry = std::chrono::milliseconds(5);
  times.longest_stale = std::chrono::milliseconds(1000);
  auto keys = Fetching(times);
  ASSERT_TRUE(Comes([&] { return keys->Current().ok(); })) << keys->report().problem;
  EXPECT_EQ(keys->report().usable, 1U);

  server_.Stop();
  ASSERT_TRUE(Comes([&] { return !keys->report().problem.empty(); }));
  EXPECT_TRUE(Comes([&] { return !keys->Current().ok(); })) << "stale keys are good for ever";
  EXPECT_EQ(keys->Current().status().code(), absl::StatusCode::kUnavailable);

  const EcdsaPrivateKey next = EcdsaPrivateKey::Generate();
  server_.Publish(next.public_key());
  server_.Start();
  ASSERT_TRUE(Comes([&] { return keys->Current().ok(); }));
  EXPECT_TRUE(keys->Current()->jwks->Has(recovery::TokenKeyId(next.public_key())));
  EXPECT_FALSE(keys->Current()->jwks->Has(recovery::TokenKeyId(key_.public_key())));
}

TEST_F(KeyAddresses, WhatIsNoKeySetLeavesTheKeysInUse) {
  recovery::FetchTimes times;
  times.refresh = times.retry = std::chrono::milliseconds(5);
  auto keys = Fetching(times);
  ASSERT_TRUE(Comes([&] { return keys->Current().ok(); }));
  server_.Publish("no JSON");
  ASSERT_TRUE(Comes([&] { return !keys->report().problem.empty(); }));
  EXPECT_THAT(keys->report().problem, HasSubstr("not valid JSON"));
  EXPECT_TRUE(keys->Current().ok());
}

TEST_F(KeyAddresses, AMissIsLookedUpAndNotTooOften) {
  recovery::FetchTimes times;
  times.for_miss = std::chrono::milliseconds(0);
  auto keys = Fetching(times);
  ASSERT_TRUE(Comes([&] { return keys->Current().ok(); }));
  const uint64_t first = keys->Current()->generation;
  keys->Miss();
  EXPECT_TRUE(Comes([&] { return keys->Current()->generation != first; }));
}

}  // namespace
}  // namespace labrec::test
