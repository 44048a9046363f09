// Rows of another release of this software: older ones are served and written anew, later ones are refused.
#include <gmock/gmock.h>

#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "pin/record_keys.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row.pb.h"
#include "recovery/record/codec/row_frame.h"
#include "tests/integration/engine/edited_rows.h"

namespace labrec::recovery {
namespace {

namespace row = ::labyrinth::recovery::row::v1;

// The client's sealed secret, as the releases before format 2 sealed it: bound to names and number only.
std::string SealedThen(EngineRealm& realm, const RecordName& name, const row::VersionEntry& version) {
  const Bytes input = pin::RecordDerivationInput(realm.realm_id(), name.tenant, name.account, name.record,
                                                 version.number(), AsBytes(version.nonce()));
  const auto d = realm.device().derivation_key()->Derive(input);
  EXPECT_TRUE(d.ok()) << d.status();
  Writer scope;
  scope.Lp("labyrinth-recovery/v1/private").Lp(realm.realm_id()).Lp(name.tenant).Lp(name.account);
  scope.Lp(name.record).U32(version.number()).U32(1);
  return ToString(AeadSeal(pin::SealKey(*d).view(), AsBytes("sealed then"), std::move(scope).Take()));
}

// The row as a release that wrote format 1 has it: one count for the record, none for its versions. `sealed`
// is what it sealed of version 1.
Bytes InFormat1(ByteView now, const std::string& sealed) {
  constexpr size_t kRoomForCounts = 20 * 32 + 64;
  row::RecordRow message;
  EXPECT_TRUE(ParseRow(kRecordFormat, RowKind::kRecord, now, message).ok());
  row::VersionEntry& version = *message.mutable_versions(0);
  message.set_spent(version.spent());
  version.clear_spent();
  version.clear_registered_by();
  version.set_sealed_private(sealed);
  row::RecordRow without = message;
  without.clear_spent();
  without.clear_last_counted_ms();
  without.mutable_versions(0)->clear_counted_elements();
  return FrameRow(kFirstRecordFormat, RowKind::kRecord, message,
                  RowSizeFor(without.ByteSizeLong() + kRoomForCounts, kFirstRowSizeStep));
}

class OldRows : public EditedRows {
 protected:
  Bytes StoredRow(const EngineClient& client) {
    Bytes found;
    realm.AcceptEdited([&](Rows& rows) { found = rows[RecordKey(client)]; });
    return found;
  }
};

TEST_F(OldRows, OfFormat1AreServedAndWrittenInFormat2) {
  EngineClient alice(realm);
  ASSERT_TRUE(alice.SetUp().ok());
  for (const uint32_t guess : {1U, 2U, 3U}) ASSERT_TRUE(alice.Guess(guess).ok());
  row::RecordRow now;
  ASSERT_TRUE(
      ParseRow(kRecordFormat, RowKind::kRecord, EncodeRecord(*realm.StoredRecord(alice.name)), now).ok());
  const std::string sealed = SealedThen(realm, alice.name, now.versions(0));
  ASSERT_TRUE(StartOn([&](Rows& rows) {
    rows[RecordKey(alice)] = InFormat1(rows[RecordKey(alice)], sealed);
    ASSERT_EQ(rows[RecordKey(alice)][0], kFirstRecordFormat);
  }));
  EXPECT_EQ(RemainingOf(alice.Guess(2)), 7) << "it was counted then";
  EXPECT_EQ(RemainingOf(alice.Guess(4)), 6);
  const auto challenge = alice.BeginUnlock();
  ASSERT_TRUE(challenge.ok()) << challenge.status();
  const auto unlocked = alice.Unlock(*challenge);
  ASSERT_TRUE(unlocked.ok()) << unlocked.status();
  const auto* success = std::get_if<Unlocked>(&*unlocked);
  ASSERT_NE(success, nullptr);
  EXPECT_EQ(AsText(success->sealed_secret.view()), "sealed then");
  EXPECT_EQ(alice.Remaining(), 10U);
  realm.Kill();
  EXPECT_EQ(StoredRow(alice)[0], kRecordFormat);
}

TEST_F(OldRows, OfALaterReleaseAreRefusedAndLeftAlone) {
  EngineClient alice(realm);
  EngineClient bob(realm, "bob");
  ASSERT_TRUE(alice.SetUp().ok());
  ASSERT_TRUE(bob.SetUp().ok());
  Bytes later;
  ASSERT_TRUE(StartOn([&](Rows& rows) {
    rows[RecordKey(alice)][0] = kRecordFormat + 1;
    later = rows[RecordKey(alice)];
  }));
  const absl::Status refused = alice.Guess(1).status();
  EXPECT_TRUE(absl::IsDataLoss(refused));
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("a newer release wrote it"));
  CallEverything(alice);
  EXPECT_EQ(RemainingOf(bob.Guess(1)), 9) << "others are served";
  realm.Kill();
  EXPECT_EQ(StoredRow(alice), later);
}

}  // namespace
}  // namespace labrec::recovery
