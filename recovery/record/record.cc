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

uint32_t RecordVersion::left() const {
  const uint32_t counted = chip ? std::max(spent, chip->count) : spent;
  return guess_limit - std::min(guess_limit, counted);
}

const RecordVersion* Record::Newest() const {
  const RecordVersion* newest = nullptr;
  for (const RecordVersion& version : versions) {
    if (version.usable()) newest = &version;
  }
  return newest;
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
