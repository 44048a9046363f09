#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "recovery/client/delete_record.h"
#include "recovery/client/epoch_floor.h"
#include "recovery/client/status.h"
#include "tests/integration/client/world.h"

namespace labrec::recovery::client {
namespace {

// Devices, floors, status and deletion.
class ClientAccount : public ClientWorld {
 protected:
  void SetUp() override { ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok()); }
};

TEST_F(ClientAccount, ARecoveredRecordEnrolsANewDevice) {
  const DeviceKey new_phone = DeviceKey::Make();
  EXPECT_EQ(Conditions(EnrollDevice(alice(), new_phone, "new", nullptr)), "refused refused refused");
  const auto outcome = RecoverAs(alice(), kRight);
  ASSERT_EQ(Describe(outcome), absl::StrCat("secret: ", kSecret));
  const auto& recovered = std::get<client::Recovered>(*outcome);
  EXPECT_EQ(Conditions(EnrollDevice(alice(), new_phone, "new", &recovered.authority)), "good good good");
  SealRequest request;
  request.record = "default";
  request.argon.memory_kib = 1024;
  EXPECT_TRUE(Seal(alice(), request, Secret("again"), Secret(kRight), new_phone).ok());
  EXPECT_EQ(Recovered(kRight), "secret: again");
}

// A list that grew would otherwise give a thief more PINs to try.
TEST_F(ClientAccount, AChangeOfPinAtMoreRealmsKeepsTheTotalOfGuesses) {
  RealmSet two("chat", "alice");
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(two.Add(realm(i).address(), realm(i).Token("alice")).ok());
  SealRequest request;
  request.record = "two";
  request.threshold = 2;
  request.argon.memory_kib = 1024;
  const auto sealed = Seal(two, request, Secret(kSecret), Secret(kRight), phone());
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->guess_limit, 10U);
  const auto changed =
      ChangePin(alice(), {"two", 2}, Holders::kEveryRealm, Secret(kRight), Secret("4711"), &phone());
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(std::get<Sealed>(*changed).guess_limit, 7U);
  EXPECT_EQ(GetStatus(alice(), "two", 2).guess_limit, 7U);
}

TEST_F(ClientAccount, AnEnrolledDeviceEnrolsAnother) {
  const DeviceKey laptop = DeviceKey::Make();
  EXPECT_EQ(Conditions(EnrollDevice(alice(), laptop, "laptop", &phone())), "good good good");
  EXPECT_EQ(Conditions(EnrollDevice(alice(), laptop, "laptop", nullptr)), "good good good") << "asked again";
}

TEST_F(ClientAccount, FloorsRiseAndComeBackWithTheSecret) {
  const Digest digest = Sha256("epoch 5");
  EXPECT_EQ(Conditions(RaiseFloor(alice(), "default", 5, digest, phone())), "good good good");
  EXPECT_EQ(Conditions(RaiseFloor(alice(), "default", 5, digest, phone())), "good good good") << "again";
  EXPECT_EQ(Conditions(RaiseFloor(alice(), "default", 4, digest, phone())), "refused refused refused");
  const FloorReading reading = ReadFloor(alice(), "default", phone());
  EXPECT_EQ(Conditions(reading.reports), "good good good");
  ASSERT_EQ(reading.floors.size(), kRealms);
  EXPECT_EQ(reading.floors[0].sequence, 5U);

  const auto outcome = RecoverAs(alice(), kRight);
  ASSERT_EQ(Describe(outcome), absl::StrCat("secret: ", kSecret));
  const auto& floors = std::get<client::Recovered>(*outcome).floors;
  ASSERT_EQ(floors.size(), kRealms);
  for (const RealmFloor& floor : floors) {
    EXPECT_EQ(floor.sequence, 5U);
    EXPECT_EQ(floor.digest, digest);
    EXPECT_EQ(floor.device, phone().public_key());
  }
}

TEST_F(ClientAccount, AForgedFloorIsFaulty) {
  ASSERT_EQ(Conditions(RaiseFloor(alice(), "default", 5, Sha256("x"), phone())), "good good good");
  proxy(1).OnAnswer([](const std::string&, google::protobuf::Message& response) {
    if (auto* answer = dynamic_cast<v1::UnlockResponse*>(&response)) {
      answer->mutable_unlocked()->mutable_floor()->set_sequence(500);
    }
    return grpc::Status::OK;
  });
  const auto outcome = RecoverAs(alice(), kRight);
  ASSERT_EQ(Describe(outcome), absl::StrCat("secret: ", kSecret));
  const auto& recovered = std::get<client::Recovered>(*outcome);
  EXPECT_EQ(Conditions(recovered.reports), "good faulty good");
  EXPECT_EQ(recovered.floors.size(), 2U);
  EXPECT_EQ(recovered.floors[0].sequence, 5U);
}

TEST_F(ClientAccount, StatusShowsEveryRealmAndCostsNothing) {
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  realm(2).Disconnect();
  const RecordStatus status = GetStatus(alice(), "default", 2);
  EXPECT_EQ(status.version, 1U);
  EXPECT_EQ(status.threshold, 2U);
  EXPECT_EQ(status.tries_left, 9U);
  ASSERT_EQ(status.realms.size(), kRealms);
  EXPECT_EQ(status.realms[0].device_kind, "tpm2");
  EXPECT_EQ(status.realms[1].device_kind, "pkcs11");
  EXPECT_EQ(status.realms[0].guess_limit, 10U);
  EXPECT_EQ(status.realms[0].report.remaining, 9U);
  EXPECT_EQ(status.realms[2].report.condition, RealmCondition::kUnreachable);
}

TEST_F(ClientAccount, ADeviceDeletes) {
  EXPECT_EQ(Conditions(DeleteRecord(alice(), "default", DeviceKey::Make())), "refused refused refused");
  EXPECT_EQ(Recovered(kRight), absl::StrCat("secret: ", kSecret));
  EXPECT_EQ(Conditions(DeleteRecord(alice(), "default", phone())), "good good good");
  EXPECT_EQ(Recovered(kRight), "not registered");
  EXPECT_EQ(Conditions(DeleteRecord(alice(), "default", phone())),
            "not-registered not-registered not-registered");
}

TEST_F(ClientAccount, WhoRecoveredDeletes) {
  const auto outcome = RecoverAs(alice(), kRight);
  ASSERT_EQ(Describe(outcome), absl::StrCat("secret: ", kSecret));
  const auto& recovered = std::get<client::Recovered>(*outcome);
  EXPECT_EQ(Conditions(DeleteRecord(alice(), "default", recovered.authority)), "good good good");
  EXPECT_EQ(Recovered(kRight), "not registered");
}

}  // namespace
}  // namespace labrec::recovery::client
