#include "recovery/client/tokens/realm_token.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace labrec::recovery::client {
namespace {

using testing::HasSubstr;

class SetClock : public Clock {
 public:
  int64_t NowMillis() const override { return now_ms; }
  int64_t now_ms = 1'000'000;
};

const Bytes kRealm(16, 0x01);
constexpr char kRealmHex[] = "01010101010101010101010101010101";

class RealmTokenTest : public testing::Test {
 protected:
  // What is to be had, in this order; the last one again and again.
  void Brings(std::deque<BearerToken> tokens) { tokens_ = std::move(tokens); }
  BearerToken Token(const std::string& text, int64_t expires_in_ms) const {
    return {text, "chat", "alice", {kRealmHex}, clock_.now_ms + expires_in_ms};
  }
  std::string Get() {
    const auto token = token_.Get(never_);
    return token.ok() ? *token : std::string(token.status().message());
  }

  SetClock clock_;
  std::deque<BearerToken> tokens_;
  int fetched_ = 0;
  const Cancelled never_ = [] { return false; };
  RealmToken token_{kRealm,
                    [this](const Cancelled&) -> absl::StatusOr<BearerToken> {
                      ++fetched_;
                      if (tokens_.empty()) return absl::UnauthenticatedError("nothing to be had");
                      const BearerToken token = tokens_.front();
                      if (tokens_.size() > 1) tokens_.pop_front();
                      return token;
                    },
                    clock_};
};

TEST_F(RealmTokenTest, IsFetchedOnceAndAgainWhenItExpires) {
  Brings({Token("one", 60'000), Token("two", 120'000)});
  EXPECT_EQ(fetched_, 0) << "before it is needed";
  EXPECT_EQ(Get(), "one");
  clock_.now_ms += 49'999;
  EXPECT_EQ(Get(), "one");
  EXPECT_EQ(fetched_, 1);
  clock_.now_ms += 1;
  EXPECT_EQ(Get(), "two") << "ten seconds ahead: it has to arrive yet";
  EXPECT_EQ(fetched_, 2);
}

TEST_F(RealmTokenTest, OneThatIsExpiredWhenItComesIsUsedForTenSeconds) {
  Brings({Token("old", -60'000)});
  EXPECT_EQ(Get(), "old") << "the clocks may differ; the realm knows";
  EXPECT_EQ(Get(), "old");
  EXPECT_EQ(fetched_, 1);
  clock_.now_ms += 10'000;
  EXPECT_EQ(Get(), "old");
  EXPECT_EQ(fetched_, 2);
}

TEST_F(RealmTokenTest, AfterARefusalAnotherIsFetched) {
  Brings({Token("one", 60'000), Token("two", 60'000)});
  EXPECT_EQ(Get(), "one");
  EXPECT_TRUE(token_.Renew("one", never_));
  EXPECT_EQ(Get(), "two");
  EXPECT_TRUE(token_.Renew("one", never_)) << "somebody else has renewed it";
  EXPECT_EQ(fetched_, 2);
  EXPECT_FALSE(token_.Renew("two", never_)) << "there is no other";
}

TEST_F(RealmTokenTest, NothingButATokenForThisRealmAloneComesOut) {
  BearerToken both = Token("both", 60'000);
  both.audiences.push_back("02020202020202020202020202020202");
  BearerToken other = Token("other", 60'000);
  other.audiences = {"02020202020202020202020202020202"};
  Brings({both, other, Token("good", 60'000)});
  EXPECT_THAT(Get(), HasSubstr("good at 2 realms"));
  EXPECT_THAT(Get(), HasSubstr("no token is for this realm"));
  EXPECT_EQ(Get(), "good");
}

TEST_F(RealmTokenTest, AFailureIsTheCallers) {
  EXPECT_EQ(Get(), "nothing to be had");
  EXPECT_FALSE(token_.Renew("x", never_));
}

}  // namespace
}  // namespace labrec::recovery::client
