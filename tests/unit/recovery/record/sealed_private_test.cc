#include "recovery/record/codec/sealed_private.h"

#include <functional>

#include <gtest/gtest.h>

#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "pin/record_keys.h"

namespace labrec::recovery {
namespace {

class SealedPrivate : public testing::Test {
 protected:
  SealedPrivate() {
    version.number = 3;
    version.stage = Stage::kActive;
    version.config = ToBytes("config");
    version.unlock_key = EcdsaPrivateKey::Generate().public_key();
    version.guess_limit = 10;
    version.registered_by.emplace().fill(7);
    version.sealed_private = SealPrivate(d, realm, name, version, AsBytes("secret"));
  }
  bool Opens(const SecretBytes& key, const Bytes& where, const RecordName& whose,
             const RecordVersion& which) const {
    const auto opened = OpenPrivate(pin::SealKey(key), where, whose, which);
    if (!opened.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(opened.status())) << opened.status();
    }
    return opened.ok();
  }

  const SecretBytes d = SecretBytes::Random(32);
  const Bytes realm = Bytes(16, 'r');
  const RecordName name{"tenant", "alice", "main"};
  RecordVersion version;
};

TEST_F(SealedPrivate, OpensForExactlyWhatItWasSealedFor) {
  const auto opened = OpenPrivate(pin::SealKey(d), realm, name, version);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(AsText(opened->view()), "secret");
  EXPECT_FALSE(Opens(SecretBytes::Random(32), realm, name, version));
  EXPECT_FALSE(Opens(d, Bytes(16, 'x'), name, version));
  EXPECT_FALSE(Opens(d, realm, {"other", "alice", "main"}, version));
  EXPECT_FALSE(Opens(d, realm, {"tenant", "bob", "main"}, version));
  EXPECT_FALSE(Opens(d, realm, {"tenant", "alice", "other"}, version));
}

TEST_F(SealedPrivate, IsBoundToWhatTheRowSaysOfTheVersion) {
  const auto edited = [&](const std::function<void(RecordVersion&)>& edit) {
    RecordVersion other = version;
    edit(other);
    return Opens(d, realm, name, other);
  };
  EXPECT_FALSE(edited([](RecordVersion& other) { other.number = 4; }));
  EXPECT_FALSE(edited([](RecordVersion& other) { other.config.push_back(0); }));
  EXPECT_FALSE(
      edited([](RecordVersion& other) { other.unlock_key = EcdsaPrivateKey::Generate().public_key(); }));
  EXPECT_FALSE(edited([](RecordVersion& other) { other.guess_limit = 20; }));
  EXPECT_FALSE(edited([](RecordVersion& other) { other.registered_by->fill(8); }));
  EXPECT_FALSE(edited([](RecordVersion& other) { other.registered_by.reset(); }));
  EXPECT_TRUE(edited([](RecordVersion& other) {
    other.spent = 9;  // what changes as it lives is not among it
    other.stage = Stage::kPending;
  }));
}

// Sealed by a realm of row format 1: AAD without the version's terms, schema 1.
TEST_F(SealedPrivate, OpensWhatWasSealedBefore) {
  const Bytes scope = std::move(Writer()
                                    .Lp("labyrinth-recovery/v1/private")
                                    .Lp(realm)
                                    .Lp(name.tenant)
                                    .Lp(name.account)
                                    .Lp(name.record)
                                    .U32(version.number)
                                    .U32(1))
                          .Take();
  version.sealed_private = AeadSeal(pin::SealKey(d).view(), AsBytes("old"), scope);
  const auto opened = OpenPrivate(pin::SealKey(d), realm, name, version);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(AsText(opened->view()), "old");
}

}  // namespace
}  // namespace labrec::recovery
