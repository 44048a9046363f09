#include "recovery/record/record.h"

#include <algorithm>

namespace labrec::recovery {

RegistrationId RecordVersion::registration_id() const {
  const Digest digest = Sha256(nonce);
  RegistrationId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

void RecordVersion::ForgetCounted() {
  counted_elements.clear();
  if (chip) chip->answers.clear();
}

const RecordVersion* Record::Current() const {
  const RecordVersion* current = nullptr;
  for (const RecordVersion& version : versions) {
    if (version.stage == Stage::kActive) return &version;
    if (version.stage == Stage::kPending) current = &version;
  }
  return current;
}

uint32_t Record::guess_limit() const {
  const RecordVersion* current = Current();
  return current == nullptr ? 0 : current->guess_limit;
}

uint32_t Record::remaining() const {
  const RecordVersion* current = Current();
  if (destroyed || current == nullptr) return 0;
  uint32_t counted = spent;
  if (current->chip) counted = std::max(counted, current->chip->count);
  return counted >= current->guess_limit ? 0 : current->guess_limit - counted;
}

const RecordVersion* Record::Find(uint32_t version) const {
  const auto found = std::ranges::find(versions, version, &RecordVersion::number);
  return found == versions.end() ? nullptr : &*found;
}

RecordVersion* Record::Find(uint32_t version) {
  const auto found = std::ranges::find(versions, version, &RecordVersion::number);
  return found == versions.end() ? nullptr : &*found;
}

bool Record::HasUsableVersion() const {
  return std::ranges::any_of(versions, &RecordVersion::usable);
}

const EnrolledDevice* Account::Find(const DeviceId& id) const {
  const auto found = std::ranges::find(devices, id, &EnrolledDevice::id);
  return found == devices.end() ? nullptr : &*found;
}

}  // namespace labrec::recovery
