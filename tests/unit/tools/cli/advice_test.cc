#include "tools/cli/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/report/realm_refusal.h"

namespace labrec::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Advice, EnrollIsForWhatARealmRefused) {
  const absl::Status denied = absl::PermissionDeniedError("no signature of an enrolled device");
  EXPECT_THAT(Explain(recovery::client::RefusedByRealm(denied)),
              HasSubstr("run labyrinth-recover enroll first"));
  const absl::Status file = absl::PermissionDeniedError("/root/secret: Permission denied");
  EXPECT_THAT(Explain(file), Not(HasSubstr("enroll")));
  EXPECT_THAT(Explain(recovery::client::RefusedByRealm(absl::UnauthenticatedError("token"))),
              Not(HasSubstr("enroll")));
}

TEST(Advice, SaysWhatTheLossOfARealmMeans) {
  EXPECT_EQ(LossOf(2, 3, 3), "");
  EXPECT_EQ(LossOf(3, 3, 3), "all 3 realms that hold it are needed: losing one of them loses the secret");
  EXPECT_EQ(LossOf(2, 2, 3),
            "all 2 realms that hold it are needed: losing one of them loses the secret; when the other "
            "realms of the "
            "list are there, run labyrinth-recover heal");
  EXPECT_THAT(LossOf(1, 1, 1), HasSubstr("the one realm"));
}

}  // namespace
}  // namespace labrec::cli
