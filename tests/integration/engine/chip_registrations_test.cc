// Chip-enforced registrations that are begun and not finished, on a real swtpm: whose room goes to whom, and
// that nothing registered is ever given up for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/engine/call/refusal.h"
#include "tests/integration/engine/chip_client.h"

namespace labrec::recovery {
namespace {

using absl::StatusCode;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::SizeIs;

EngineOptions With(ChipRegistrationLimits limits) {
  EngineOptions options;
  options.chip_registrations = limits;
  return options;
}

// A realm that keeps a registration for no time at all, for long, or for one client only.
struct ForgetfulRealm {
  EngineRealm realm{test::SimulatorKind::kSwtpm, With({16, 2, seconds(0)})};
};
struct PatientRealm {
  EngineRealm realm{test::SimulatorKind::kSwtpm, With({16, 2, seconds(3600)})};
};
struct NarrowRealm {
  EngineRealm realm{test::SimulatorKind::kSwtpm, With({1, 2, seconds(3600)})};
};

template <typename Realm>
class RegistrationsAt : public testing::Test, public Realm {
 protected:
  void SetUp() override { ASSERT_TRUE(alice.Enroll().ok() && bob.Enroll().ok()); }
  // All but the end of a registration.
  absl::StatusOr<RegistrationId> AllButFinish(ChipClient& client, uint32_t version) {
    const auto begun = client.BeginInChip(version, kChipLimit);
    if (!begun.ok()) return begun.status();
    EXPECT_TRUE(client.Write(version, 2).ok());
    EXPECT_TRUE(client.Confirm(version, begun->registration_id).ok());
    EXPECT_TRUE(client.Write(version, kChipLimit).ok());
    return begun->registration_id;
  }
  bool InTheChipAre(size_t count) {
    return Eventually([&] { return alice.IndicesInTheChip().size() == count; });
  }
  uint64_t Open() { return this->realm.engine().status().chip_registrations; }

  ChipClient alice{this->realm};
  ChipClient bob{this->realm, "bob"};
};

class AbandonedRegistrations : public RegistrationsAt<ForgetfulRealm> {};
class KeptRegistrations : public RegistrationsAt<PatientRealm> {};
class FullOfRegistrations : public RegistrationsAt<NarrowRealm> {};

TEST_F(AbandonedRegistrations, GiveTheirRoomToTheNextOne) {
  const auto id = AllButFinish(alice, 1);
  ASSERT_TRUE(id.ok()) << id.status();
  const hsm::CountedKey old = alice.KeyOf(1);
  EXPECT_EQ(Open(), 1U);
  ASSERT_TRUE(bob.BeginInChip(1, kChipLimit).ok());
  EXPECT_EQ(Open(), 1U) << "bob's alone";
  EXPECT_THAT(alice.IndicesInTheChip(), SizeIs(1));
  EXPECT_EQ(bob.KeyOf(1).index, old.index) << "alice's was deleted before bob's was made";

  RegistrationBegun begun;
  begun.registration_id = *id;
  EXPECT_EQ(alice.Finish(alice.RegistrationOf(1, begun, kChipLimit)).status().code(),
            StatusCode::kFailedPrecondition);
  const absl::Status late = alice.FinishInChip(1, *id, kChipLimit, old.index);
  EXPECT_EQ(late.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(late.message()), HasSubstr("begin again"));
  EXPECT_FALSE(realm.StoredRecord(alice.name)->HasUsableVersion()) << "nothing is stored";
  EXPECT_EQ(alice.Confirm(1, *id).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(alice.BeginWrite(1).status().code(), StatusCode::kNotFound);
}

TEST_F(AbandonedRegistrations, MayBeBegunAgain) {
  ASSERT_TRUE(alice.BeginInChip(1, kChipLimit).ok());
  ASSERT_TRUE(bob.BeginInChip(1, kChipLimit).ok());
  ASSERT_TRUE(alice.RegisterInChip(1, kChipLimit).ok());
  ASSERT_TRUE(alice.Activate(1).ok());
  EXPECT_EQ(RemainingOf(alice.Guess(1)), static_cast<int>(kChipLimit) - 1);
  EXPECT_TRUE(InTheChipAre(1)) << "alice's";
  EXPECT_EQ(Open(), 0U);
}

TEST_F(AbandonedRegistrations, NeverAreWhatWasFinished) {
  ASSERT_TRUE(alice.RegisterInChip(1, kChipLimit).ok());  // pending
  ASSERT_TRUE(bob.RegisterInChip(1, kChipLimit).ok());
  ASSERT_TRUE(bob.Activate(1).ok());
  ASSERT_TRUE(bob.BeginInChip(2, kChipLimit).ok());
  ChipClient carol(realm, "carol");
  ASSERT_TRUE(carol.SetUpInChip(kChipLimit).ok());
  EXPECT_TRUE(InTheChipAre(3)) << "bob's second version has given way, and nothing else";
  EXPECT_TRUE(alice.Activate(1).ok());
  for (ChipClient* client : {&alice, &bob, &carol}) {
    EXPECT_EQ(RemainingOf(client->Guess(1)), static_cast<int>(kChipLimit) - 1);
  }
}

TEST_F(AbandonedRegistrations, OfAnEarlierRunAreGoneAfterTheStart) {
  ASSERT_TRUE(alice.BeginInChip(1, kChipLimit).ok());
  realm.Restart();
  EXPECT_TRUE(InTheChipAre(0));
  EXPECT_EQ(Open(), 0U);
  EXPECT_TRUE(alice.RegisterInChip(1, kChipLimit).ok());
}

TEST_F(KeptRegistrations, AreNotDisturbedByOtherAccounts) {
  const auto id = AllButFinish(alice, 1);
  ASSERT_TRUE(id.ok()) << id.status();
  ASSERT_TRUE(bob.RegisterInChip(1, kChipLimit).ok());
  EXPECT_EQ(Open(), 1U);
  EXPECT_TRUE(alice.FinishInChip(1, *id, kChipLimit).ok());
  EXPECT_EQ(Open(), 0U);
  EXPECT_TRUE(InTheChipAre(2));
}

TEST_F(KeptRegistrations, OfAnAccountAreTwo) {
  const auto first = AllButFinish(alice, 1);
  const uint32_t index = alice.KeyOf(1).index;
  alice.name.record = "second";
  const auto second = AllButFinish(alice, 1);
  alice.name.record = "third";
  ASSERT_TRUE(alice.BeginInChip(1, kChipLimit).ok());
  EXPECT_TRUE(InTheChipAre(2));
  EXPECT_EQ(Open(), 2U);
  alice.name.record = "main";
  EXPECT_EQ(alice.FinishInChip(1, *first, kChipLimit, index).code(), StatusCode::kFailedPrecondition)
      << "the oldest";
  alice.name.record = "second";
  EXPECT_TRUE(alice.FinishInChip(1, *second, kChipLimit).ok());
}

TEST_F(KeptRegistrations, AreClosedByWhateverErasesThem) {
  ASSERT_TRUE(alice.BeginInChip(1, kChipLimit).ok());
  ASSERT_TRUE(alice.Begin(1, {EngineClient::Element(1)}).ok());
  EXPECT_EQ(Open(), 1U) << "what a token begins in the ledger ends no registration in the chip";
  ASSERT_TRUE(alice.Register(1).ok());  // the ledger's, in its place
  EXPECT_EQ(Open(), 0U);
  ASSERT_TRUE(bob.BeginInChip(1, kChipLimit).ok());
  const RawSignature signature = bob.Sign(Operation::kDeleteRecord, RecordBody(bob.name.record));
  ASSERT_TRUE(Await<Ok>([&](auto done) {
                realm.engine().records().DeleteRecord(bob.caller, bob.name.record, signature, done);
              }).ok());
  EXPECT_EQ(Open(), 0U);
  EXPECT_TRUE(InTheChipAre(0));
}

TEST_F(FullOfRegistrations, RefuseMoreUntilOneIsFinished) {
  const auto id = AllButFinish(alice, 1);
  ASSERT_TRUE(id.ok()) << id.status();
  const auto refused = bob.BeginInChip(1, kChipLimit);
  EXPECT_EQ(refused.status().code(), StatusCode::kResourceExhausted) << refused.status();
  EXPECT_EQ(RefusalOf(refused.status()), std::string(refusal::kChipRegistrations));
  EXPECT_TRUE(refused.status().GetPayload(kRetryAfter).has_value());
  EXPECT_THAT(alice.IndicesInTheChip(), SizeIs(1)) << "nothing was made for it";
  EXPECT_TRUE(bob.Register(1).ok()) << "the ledger's are not bound by it";
  ASSERT_TRUE(alice.FinishInChip(1, *id, kChipLimit).ok());
  EXPECT_TRUE(bob.RegisterInChip(2, kChipLimit).ok());
}

}  // namespace
}  // namespace labrec::recovery
