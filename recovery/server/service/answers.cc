#include "recovery/server/service/answers.h"

#include <string>
#include <variant>

namespace labrec::recovery {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

const char* Text(EnrolledBy how) {
  switch (how) {
    case EnrolledBy::kFirst:
      return "first";
    case EnrolledBy::kDevice:
      return "device";
    case EnrolledBy::kRecovery:
      return "recovery";
    case EnrolledBy::kAdmin:
      return "admin";
  }
  return "";
}

v1::RecordState StateOf(const RecordView& view) {
  if (!view.registered) return v1::RECORD_STATE_NOT_REGISTERED;
  if (view.record.destroyed) return v1::RECORD_STATE_DESTROYED;
  const RecordVersion* newest = view.record.Newest();
  const bool locked = newest != nullptr && view.locked_until_ms.contains(newest->number);
  return locked ? v1::RECORD_STATE_LOCKED : v1::RECORD_STATE_USABLE;
}

int64_t LockedUntilMs(const RecordView& view, const RecordVersion& version) {
  const auto found = view.locked_until_ms.find(version.number);
  return found == view.locked_until_ms.end() ? 0 : found->second;
}

void FillVersion(const RecordView& view, const RecordVersion& version, Configs configs,
                 v1::RecordVersion* answer) {
  answer->set_version(version.number);
  answer->set_stage(version.stage == Stage::kActive ? v1::VERSION_STAGE_ACTIVE : v1::VERSION_STAGE_PENDING);
  answer->set_commitment(ToString(version.commitment));
  if (configs == Configs::kInclude) answer->set_config(ToString(version.config));
  answer->set_remaining(version.left());
  answer->set_locked_until_ms(LockedUntilMs(view, version));
  if (version.registered_by) answer->set_registered_by(ToString(*version.registered_by));
}

}  // namespace

void FillPoints(const std::vector<P256Point>& points, google::protobuf::RepeatedPtrField<std::string>* out) {
  for (const P256Point& point : points) *out->Add() = ToString(point.Compressed());
}

void FillDevices(const Account& account, v1::ListDevicesResponse* answer) {
  for (const EnrolledDevice& device : account.devices) {
    v1::DeviceInfo* info = answer->add_devices();
    info->set_device_id(ToString(device.id));
    info->set_public_key(ToString(device.key.Spki()));
    info->set_name(device.name);
    info->set_enrolled_at_ms(device.enrolled_at_ms);
    info->set_enrolled_by(Text(device.enrolled_by));
  }
  for (const std::string& record : account.records) answer->add_records(record);
  answer->set_discarded(account.discarded);
}

void FillFloor(const EpochFloor& floor, v1::Floor* answer) {
  answer->set_sequence(floor.sequence);
  answer->set_digest(ToString(floor.digest));
  answer->set_device_id(ToString(floor.device.DeviceId()));
  answer->set_device_public_key(ToString(floor.device.Spki()));
  answer->set_challenge(ToString(floor.challenge));
  answer->set_signature(ToString(floor.signature));
}

void FillRecord(const RecordView& view, Configs configs, v1::GetRecordResponse* answer) {
  answer->set_state(StateOf(view));
  answer->set_highest_version(view.record.highest_version);
  answer->set_discontinuities(view.discontinuities);
  answer->set_discarded(view.registered && view.record.discarded);
  if (!view.registered) return;
  const RecordVersion* newest = view.record.Newest();
  if (newest == nullptr) return;
  answer->set_guess_limit(newest->guess_limit);
  answer->set_remaining(newest->left());
  answer->set_locked_until_ms(LockedUntilMs(view, *newest));
  const auto& versions = view.record.versions;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    if (version->usable()) FillVersion(view, *version, configs, answer->add_versions());
  }
}

void FillEvaluate(const EvaluateOutcome& outcome, v1::EvaluateResponse* answer) {
  std::visit(Overloaded{[&](const Evaluated& evaluated) {
                          v1::Evaluated* out = answer->mutable_evaluated();
                          FillPoints(evaluated.evaluated, out->mutable_evaluated());
                          out->set_remaining(evaluated.remaining);
                          out->set_challenge(ToString(evaluated.challenge));
                        },
                        [&](const LockedUntil& locked) {
                          answer->mutable_locked_until()->set_until_ms(locked.until_ms);
                          answer->mutable_locked_until()->set_remaining(locked.remaining);
                        },
                        [&](const Destroyed&) { answer->mutable_destroyed(); },
                        [&](const NotRegistered&) { answer->mutable_not_registered(); }},
             outcome);
}

void FillUnlock(const UnlockOutcome& outcome, v1::UnlockResponse* answer) {
  std::visit(Overloaded{[&](const Unlocked& unlocked) {
                          v1::Unlocked* out = answer->mutable_unlocked();
                          // Sealed under the client's key: public to whoever has not recovered that key.
                          out->set_sealed_secret(ToString(unlocked.sealed_secret.view()));
                          if (unlocked.floor) FillFloor(*unlocked.floor, out->mutable_floor());
                          out->set_remaining(unlocked.remaining);
                        },
                        [&](const Destroyed&) { answer->mutable_destroyed(); },
                        [&](const NotRegistered&) { answer->mutable_not_registered(); }},
             outcome);
}

}  // namespace labrec::recovery
