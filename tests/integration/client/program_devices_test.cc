#include "tests/integration/client/program.h"

// What the program says of devices and of versions that are not what they were.
namespace labrec::recovery::client {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST_F(Program, DevicesAreListedAndRevoked) {
  ASSERT_EQ(SealIt(kRight).code, 0);
  ASSERT_EQ(Run("device-key", {"--device-key", Path("tablet.key")}).code, 0);
  const Ended enrolled = Run("enroll", {"--device-key", Path("tablet.key"), "--device-name", "tablet",
                                        "--authorized-by", Path("phone.key"), "--json"});
  ASSERT_EQ(enrolled.code, 0) << enrolled.err;
  const std::string id = enrolled.Json()["device_id"];
  const Ended listed = Run("device list", {});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr(id));
  EXPECT_EQ(Run("device list", {"--json"}).Json()["realms"][1]["devices"].size(), 2U);

  EXPECT_EQ(Run("device revoke", {"12", "--device-key", Path("phone.key")}).code, 2);
  EXPECT_EQ(Run("device revoke", {id, "--pin-stdin"}, std::string(kWrong) + "\n").code, 3);
  const Ended revoked = Run("device revoke", {id, "--pin-stdin"}, std::string(kRight) + "\n");
  EXPECT_EQ(revoked.code, 0) << revoked.err;
  EXPECT_THAT(revoked.out, HasSubstr("is enrolled no more at 3 of 3 realms"));
  const Ended again = Run("device revoke", {id, "--device-key", Path("phone.key")});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("at 3 of 3 realms")) << "who is gone is revoked";
  const Ended left = Run("device list", {"--json"});
  const json devices = left.Json();
  for (const json& realm : devices["realms"]) EXPECT_EQ(realm["devices"].size(), 1U) << left.out;
  EXPECT_EQ(SealIt(kRight, {"--json"}).code, 0) << "the phone is enrolled still";
}

// Nothing of a device is believed that its key does not say.
TEST_F(Program, ADeviceUnderAnotherIdIsNoDevice) {
  proxy(1).OnAnswer([](const std::string&, google::protobuf::Message& answer) {
    if (auto* list = dynamic_cast<v1::ListDevicesResponse*>(&answer)) {
      list->mutable_devices(0)->set_device_id(std::string(16, 'x'));
    }
    return grpc::Status::OK;
  });
  proxy(0).OnAnswer([](const std::string&, google::protobuf::Message& answer) {
    if (auto* list = dynamic_cast<v1::ListDevicesResponse*>(&answer)) {
      list->mutable_devices(0)->set_name("\x1b[2J\nphone");
    }
    return grpc::Status::OK;
  });
  const std::string text = Run("device list", {}).out;
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\nphone")));
  const json listed = Run("device list", {"--json"}).Json();
  EXPECT_EQ(listed["realms"][1]["condition"], "faulty") << listed.dump(1);
  EXPECT_EQ(listed["realms"][1]["devices"].size(), 0U);
  EXPECT_EQ(listed["realms"][0]["devices"].size(), 1U);
}

TEST_F(Program, ASecondTryIsSaidBeforeItHappens) {
  ASSERT_EQ(SealIt(kRight).code, 0);
  EXPECT_THAT(SealIt(kRight).err, Not(HasSubstr("usable versions")));
  for (size_t i = 0; i < 3; ++i) {
    proxy(i).OnRequest([](const std::string& rpc, const google::protobuf::Message&) {
      return rpc == "Activate" ? grpc::Status(grpc::StatusCode::INTERNAL, "not now") : grpc::Status::OK;
    });
  }
  SealIt("pending");
  for (size_t i = 0; i < 3; ++i) proxy(i).Behave();
  EXPECT_THAT(SealIt("third").err, HasSubstr("has 2 usable versions: the new PIN is tried at each"));
}

// Each of these was tried against the client of before: a realm that shows more than there can be.
TEST_F(Program, ARealmThatShowsMoreThanThereCanBeIsFaulty) {
  ASSERT_EQ(SealIt(kRight).code, 0);
  proxy(0).OnAnswer([](const std::string&, google::protobuf::Message& answer) {
    if (auto* record = dynamic_cast<v1::GetRecordResponse*>(&answer)) {
      const auto version = record->versions(0);
      for (int i = 0; i < 2; ++i) *record->add_versions() = version;
    }
    if (auto* realm = dynamic_cast<v1::GetRealmResponse*>(&answer)) {
      for (uint32_t i = 0; i < 1000; ++i) realm->add_guess_delays_s(i);
    }
    if (auto* list = dynamic_cast<v1::ListDevicesResponse*>(&answer)) {
      const auto device = list->devices(0);
      for (int i = 0; i < 100; ++i) *list->add_devices() = device;
    }
    return grpc::Status::OK;
  });
  const Ended status = Run("status", {});
  EXPECT_THAT(status.out, HasSubstr("shows 3 versions of the record, and a realm holds two at most"));
  EXPECT_LT(status.out.size(), 4000U);
  EXPECT_EQ(Run("recover", {"--pin-stdin"}, kRight).out, kSecret);
  const Ended listed = Run("device list", {});
  EXPECT_THAT(listed.out, HasSubstr("lists more devices or records than an account can have"));
  EXPECT_LT(listed.out.size(), 4000U);
}

// An operator's accept dropped it: nobody guessed it away, and that is said.
TEST_F(Program, ARecordThatWasDroppedIsNotSaidToBeGuessedAway) {
  ASSERT_EQ(SealIt(kRight).code, 0);
  proxy(0).OnAnswer([](const std::string&, google::protobuf::Message& answer) {
    if (auto* record = dynamic_cast<v1::GetRecordResponse*>(&answer)) {
      record->Clear();
      record->set_state(v1::RECORD_STATE_DESTROYED);
      record->set_discarded(true);
    }
    return grpc::Status::OK;
  });
  EXPECT_THAT(Run("status", {}).out, HasSubstr("nobody guessed it away"));
  EXPECT_EQ(Run("recover", {"--pin-stdin"}, kRight).out, kSecret);
}

}  // namespace
}  // namespace labrec::recovery::client
