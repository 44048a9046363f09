#pragma once

#include <optional>

#include "recovery/record/record.h"

namespace labrec::recovery {

// Erasing versions of a record, with all that falls with them. Pure.

// The record loses that version, and nothing else.
void EraseVersion(Record& record, uint32_t version);

// The record without that version, because its guesses are used up. If it was the last usable one, the
// record is destroyed: a tombstone stays.
Record WithoutVersion(const Record& record, uint32_t version);

// What stays of a destroyed record: its highest version, its floor, and when the latest guess was counted.
Record Tombstone(const Record& record);

// The record without what a device that is being revoked began in the chip, or registered and nobody
// activated. Pending versions of which nobody knows who registered them (kUnknownRegistrar) go too. An active
// version stays: it protects the secret whoever registered it. nullopt if nothing is left of the record, so
// that its row goes; one with a floor is destroyed instead, as floors are never lowered.
std::optional<Record> ForgetDevice(const Record& record, const DeviceId& device);
// The same for all devices at once, as an account lost them.
std::optional<Record> ForgetDevices(const Record& record);

}  // namespace labrec::recovery
