#include "recovery/record/erasure.h"

#include <algorithm>

namespace labrec::recovery {
namespace {

void Erase(Record& record, uint32_t number) {
  std::erase_if(record.versions, [&](const RecordVersion& version) { return version.number == number; });
}

bool FallsWith(const RecordVersion& version, const DeviceId& device) {
  if (version.stage == Stage::kActive || !version.registered_by) return false;
  return *version.registered_by == device || *version.registered_by == kUnknownRegistrar;
}

}  // namespace

Record WithoutVersion(const Record& record, uint32_t version) {
  Record next = record;
  Erase(next, version);
  if (record.HasUsableVersion() && !next.HasUsableVersion()) return Tombstone(next);
  return next;
}

Record Tombstone(const Record& record) {
  Record next;
  next.name = record.name;
  next.last_counted_ms = record.last_counted_ms;
  next.destroyed = true;
  next.highest_version = record.highest_version;
  next.floor = record.floor;
  return next;
}

std::optional<Record> ForgetDevice(const Record& record, const DeviceId& device) {
  Record next = record;
  std::erase_if(next.versions, [&](const RecordVersion& version) { return FallsWith(version, device); });
  if (next.destroyed || !next.versions.empty()) return next;
  if (next.floor) return Tombstone(next);
  return std::nullopt;
}

}  // namespace labrec::recovery
