#include "recovery/record/record.h"

#include <algorithm>

namespace labrec::recovery {

RegistrationId RecordVersion::registration_id() const {
  const Digest digest = Sha256(nonce);
  RegistrationId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

uint32_t Record::guess_limit() const {
  uint32_t limit = 0;
  for (const RecordVersion& version : versions) {
    if (version.stage == Stage::kActive) return version.guess_limit;
    if (version.stage == Stage::kPending) limit = version.guess_limit;
  }
  return limit;
}

uint32_t Record::remaining() const {
  const uint32_t limit = guess_limit();
  return destroyed || spent >= limit ? 0 : limit - spent;
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
