#include "recovery/client/steps/next_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/api/limits.h"

namespace labrec::recovery::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Claims = std::vector<std::optional<uint32_t>>;
constexpr uint32_t kTop = UINT32_MAX;

TEST(NextVersion, IsAboveAllThatHonestRealmsSay) {
  const auto choice = ChooseVersion(Claims{4, 7, 6}, 2);
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->version, 8U);
  EXPECT_THAT(choice->outliers, IsEmpty());
  EXPECT_EQ(ChooseVersion(Claims{0, 0}, 2)->version, 1U);
}

TEST(NextVersion, OneRealmLeadsTheNumbersNowhere) {
  for (const uint32_t claim : {kTop, kTop - 1, kTop - 2, 7 + kMostVersionStep}) {
    const auto choice = ChooseVersion(Claims{7, claim, 6}, 2);
    ASSERT_TRUE(choice.ok()) << claim << choice.status();
    EXPECT_EQ(choice->version, 8U) << claim;
    EXPECT_THAT(choice->outliers, ElementsAre(1U)) << claim;
  }
}

TEST(NextVersion, NotEvenWhereOneRealmIsEnoughToRecover) {
  const auto choice = ChooseVersion(Claims{kTop - 1, 3, 3}, 1);
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->version, 4U);
  EXPECT_THAT(choice->outliers, ElementsAre(0U));
}

TEST(NextVersion, ARealmThatIsFarBehindDoesNotLead) {
  const auto choice = ChooseVersion(Claims{0, kMostVersionStep, kMostVersionStep + 1}, 2);
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->version, kMostVersionStep + 2);
}

TEST(NextVersion, TheLastNumberWrapsNowhere) {
  const auto choice = ChooseVersion(Claims{kTop, kTop, kTop}, 2);
  EXPECT_TRUE(absl::IsFailedPrecondition(choice.status())) << choice.status();
}

TEST(NextVersion, TwoRealmsThatDisagreeAreNotDecidedBetween) {
  const auto choice = ChooseVersion(Claims{5, std::nullopt, kTop - 1}, 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(choice.status())) << choice.status();
}

}  // namespace
}  // namespace labrec::recovery::client
