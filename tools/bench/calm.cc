#include "tools/bench/calm.h"

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/change_pin.h"
#include "recovery/client/enroll.h"
#include "recovery/client/recover.h"
#include "recovery/client/seal.h"
#include "recovery/client/status.h"

namespace labrec::bench {
namespace {

namespace client = labrec::recovery::client;

constexpr char kAccount[] = "calm";
constexpr char kRecord[] = "calm";

SecretBytes Pin(std::string_view pin) {
  return SecretBytes::CopyOf(AsBytes(pin));
}

absl::StatusOr<std::unique_ptr<client::RealmSet>> RealmOf(const test::RealmFixture& fixture) {
  client::RealmAddress address;
  LABREC_ASSIGN_OR_RETURN(const Bytes root, ReadFile(fixture.ca_certificate()));
  address.id = *FromHex(fixture.realm_id());
  address.name = "oslo";
  address.address = fixture.address();
  address.ca_pem = ToString(root);
  auto realms = std::make_unique<client::RealmSet>("chat", kAccount);
  LABREC_RETURN_IF_ERROR(realms->Add(address, fixture.Token(kAccount)));
  return realms;
}

// One person's device and record.
class Person {
 public:
  explicit Person(client::RealmSet& realms) : realms_(realms) {}

  absl::Status Enroll() {
    for (const auto& report : client::EnrollDevice(realms_, device_, "phone", nullptr)) {
      if (report.condition != client::RealmCondition::kGood) return report.error;
    }
    return absl::OkStatus();
  }
  absl::Status Seal() {
    client::SealRequest request;
    request.record = kRecord;
    return client::Seal(realms_, request, SecretBytes::Random(32), Pin("4711"), device_).status();
  }
  absl::Status Recover() {
    LABREC_ASSIGN_OR_RETURN(const client::RecoverOutcome outcome,
                            client::Recover(realms_, {kRecord}, Pin("4711")));
    if (std::holds_alternative<client::Recovered>(outcome)) return absl::OkStatus();
    return absl::InternalError("the right PIN did not bring the secret back");
  }
  absl::Status ChangePin() {
    return client::ChangePin(realms_, {kRecord}, client::Holders::kEveryRealm, Pin("4711"), Pin("0815"),
                             &device_)
        .status();
  }
  absl::Status Look() {
    client::GetStatus(realms_, kRecord, 1);
    return absl::OkStatus();
  }

 private:
  client::RealmSet& realms_;
  const client::DeviceKey device_ = client::DeviceKey::Make();
};

absl::Status Restart(test::RealmFixture& fixture) {
  LABREC_RETURN_IF_ERROR(fixture.StopDaemon().status());
  return fixture.StartDaemon();
}

}  // namespace

absl::StatusOr<Json> AnchorsInCalm(BenchRealm& realm) {
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<client::RealmSet> realms, RealmOf(realm.fixture()));
  Person person(*realms);
  Json anchors = Json::object();
  const auto count = [&](const char* name, const std::function<absl::Status()>& what) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const DaemonCounts before, realm.Counts());
    LABREC_RETURN_IF_ERROR(what());
    LABREC_ASSIGN_OR_RETURN(const DaemonCounts after, realm.Counts());
    anchors[name] = after.epoch - before.epoch;
    return absl::OkStatus();
  };
  LABREC_RETURN_IF_ERROR(count("enrol_a_device", [&] { return person.Enroll(); }));
  LABREC_RETURN_IF_ERROR(count("seal", [&] { return person.Seal(); }));
  LABREC_RETURN_IF_ERROR(count("recover", [&] { return person.Recover(); }));
  LABREC_RETURN_IF_ERROR(count("change_the_pin", [&] { return person.ChangePin(); }));
  LABREC_RETURN_IF_ERROR(count("look_at_the_record", [&] { return person.Look(); }));
  LABREC_RETURN_IF_ERROR(Restart(realm.fixture()));  // writes the refill that waits
  LABREC_RETURN_IF_ERROR(count("stop_and_start", [&] { return Restart(realm.fixture()); }));
  return anchors;
}

}  // namespace labrec::bench
