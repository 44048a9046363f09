#include "recovery/record/rules/erasure.h"

#include <algorithm>
#include <utility>

namespace labrec::recovery {
namespace {

bool FallsWithAnyDevice(const RecordVersion& version) {
  return version.stage != Stage::kActive && version.registered_by.has_value();
}

bool FallsWith(const RecordVersion& version, const DeviceId& device) {
  if (!FallsWithAnyDevice(version)) return false;
  return *version.registered_by == device || *version.registered_by == kUnknownRegistrar;
}

// The record once versions were taken from it, which may have been all.
std::optional<Record> Left(Record record) {
  if (record.destroyed || !record.versions.empty()) return record;
  if (record.floor) return Tombstone(record);
  return std::nullopt;
}

}  // namespace

void EraseVersion(Record& record, uint32_t number) {
  std::erase_if(record.versions, [&](const RecordVersion& version) { return version.number == number; });
}

Record WithoutVersion(const Record& record, uint32_t version) {
  Record next = record;
  EraseVersion(next, version);
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
  return Left(std::move(next));
}

std::optional<Record> ForgetDevices(const Record& record) {
  Record next = record;
  std::erase_if(next.versions, FallsWithAnyDevice);
  return Left(std::move(next));
}

}  // namespace labrec::recovery
