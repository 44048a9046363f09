#include "recovery/record/sealed_private.h"

#include <gtest/gtest.h>

namespace labrec::recovery {
namespace {

TEST(SealedPrivate, OpensForExactlyWhatItWasSealedFor) {
  const SecretBytes d = SecretBytes::Random(32);
  const Bytes realm(16, 'r');
  const RecordName name{"tenant", "alice", "main"};
  const Bytes sealed = SealPrivate(d, realm, name, 3, AsBytes("secret"));
  const auto opened = OpenPrivate(d, realm, name, 3, sealed);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(AsText(opened->view()), "secret");

  const auto code = [&](const SecretBytes& key, const Bytes& where, const RecordName& whose,
                        uint32_t version) {
    return OpenPrivate(key, where, whose, version, sealed).status().code();
  };
  EXPECT_EQ(code(SecretBytes::Random(32), realm, name, 3), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(d, Bytes(16, 'x'), name, 3), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(d, realm, {"other", "alice", "main"}, 3), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(d, realm, {"tenant", "bob", "main"}, 3), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(d, realm, {"tenant", "alice", "other"}, 3), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(d, realm, name, 4), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace labrec::recovery
