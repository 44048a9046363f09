#include "tools/cli/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/base/realm_refusal.h"

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

}  // namespace
}  // namespace labrec::cli
