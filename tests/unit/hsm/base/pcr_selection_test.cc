// PCR selections as operators write them.

#include "hsm/base/pcr_selection.h"

#include <gtest/gtest.h>

namespace labrec {
namespace {

TEST(PcrSelection, ReadsBanksAndWritesThemInOrder) {
  const auto selection = PcrSelection::Parse("sha384:7+sha256:7,0,2");
  ASSERT_TRUE(selection.ok()) << selection.status();
  ASSERT_EQ(selection->banks.size(), 2U);
  EXPECT_EQ(selection->banks[0], (PcrSelection::Bank{0x000B, {0, 2, 7}}));
  EXPECT_EQ(selection->banks[1], (PcrSelection::Bank{0x000C, {7}}));
  EXPECT_EQ(selection->ToString(), "sha256:0,2,7+sha384:7");
  EXPECT_EQ(*PcrSelection::Parse(selection->ToString()), *selection);
}

TEST(PcrSelection, RefusesEverythingElse) {
  for (const char* text :
       {"", "sha256", "sha256:", "sha256:0,", "sha256:24", "sha256:-1", "sha256:0,0", "sha1:0",
        "sha256:0+sha256:1", "sha256:0+", "SHA256:0", "sha256:0;1", "sha256:0:1"}) {
    const auto selection = PcrSelection::Parse(text);
    EXPECT_EQ(selection.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace labrec
