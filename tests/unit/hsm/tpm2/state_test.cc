#include "hsm/tpm2/realm/state.h"

#include <gtest/gtest.h>

namespace labrec::hsm::tpm2 {
namespace {

RealmState Whole() {
  RealmState state;
  state.realm_id = Bytes(16, 0x11);
  state.storage_key = {0x81000001, true, Bytes(34, 0x22)};
  state.evaluation_key = KeyBlob{Bytes(90, 0x33), Bytes(126, 0x44)};
  state.hmac_key = {Bytes(48, 0x55), Bytes(126, 0x66)};
  state.anchor = AnchorState{{0x01800100, Bytes(34, 0x77)}, {0x01800101, Bytes(34, 0x88)}};
  return state;
}

TEST(TpmRealmState, IsReadAsWritten) {
  const RealmState state = Whole();
  const auto read = ReadState(WriteState(state));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->realm_id, state.realm_id);
  EXPECT_EQ(read->storage_key.persistent_handle, 0x81000001U);
  EXPECT_TRUE(read->storage_key.made_persistent_here);
  EXPECT_EQ(read->storage_key.name, state.storage_key.name);
  ASSERT_TRUE(read->evaluation_key.has_value());
  EXPECT_EQ(read->evaluation_key->public_area, state.evaluation_key->public_area);
  EXPECT_EQ(read->evaluation_key->private_area, state.evaluation_key->private_area);
  EXPECT_EQ(read->hmac_key.private_area, state.hmac_key.private_area);
  ASSERT_TRUE(read->anchor.has_value());
  EXPECT_EQ(read->anchor->counter.index, 0x01800100U);
  EXPECT_EQ(read->anchor->claim.name, state.anchor->claim.name);
}

TEST(TpmRealmState, RolesMayBeMissingButNotBoth) {
  RealmState state = Whole();
  state.evaluation_key.reset();
  const auto anchor_only = ReadState(WriteState(state));
  ASSERT_TRUE(anchor_only.ok());
  EXPECT_FALSE(anchor_only->evaluation_key.has_value());
  state.anchor.reset();
  EXPECT_TRUE(absl::IsInvalidArgument(ReadState(WriteState(state)).status()));
}

// Each member is needed, and each with its own type.
TEST(TpmRealmState, DamagedTextIsRefused) {
  const std::string text = WriteState(Whole()).json;
  for (const char* name : {"format", "realm_id", "storage_key", "persistent_handle", "made_persistent_here",
                           "name", "hmac_key", "public", "private", "counter", "claim", "index"}) {
    for (size_t at = text.find('"' + std::string(name) + '"'); at != std::string::npos;
         at = text.find('"' + std::string(name) + '"', at + 1)) {
      std::string damaged = text;
      damaged[at + 1] = '?';
      EXPECT_TRUE(absl::IsInvalidArgument(ReadState({damaged}).status())) << name << " at " << at;
    }
  }
  for (size_t size = 0; size + 2 < text.size(); ++size) {
    EXPECT_FALSE(ReadState({text.substr(0, size)}).ok()) << size;
  }
  EXPECT_FALSE(ReadState({text + "x"}).ok());
}

TEST(TpmRealmState, WrongSizesAndNumbersAreRefused) {
  RealmState state = Whole();
  state.realm_id.pop_back();
  EXPECT_FALSE(ReadState(WriteState(state)).ok());
  state = Whole();
  state.storage_key.name.pop_back();
  EXPECT_FALSE(ReadState(WriteState(state)).ok());
  state = Whole();
  state.anchor->claim.name.push_back(0);
  EXPECT_FALSE(ReadState(WriteState(state)).ok());
  std::string text = WriteState(Whole()).json;
  text.replace(text.find("25166080"), 8, "99999999999");  // an index of more than 32 bits
  EXPECT_FALSE(ReadState({text}).ok());
}

}  // namespace
}  // namespace labrec::hsm::tpm2
