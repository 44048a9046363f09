#include "recovery/record/codec/record_message.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/record/codec/row_frame.h"

namespace labrec::recovery {
namespace {

void AddVersion(const RecordVersion& version, row::RecordRow& message) {
  row::VersionEntry& entry = *message.add_versions();
  entry.set_number(version.number);
  entry.set_stage(static_cast<uint32_t>(version.stage));
  entry.set_nonce(ToString(version.nonce));
  if (version.registered_by) entry.set_registered_by(ToString(*version.registered_by));
  entry.set_config(ToString(version.config));
  entry.set_commitment(ToString(version.commitment));
  if (version.unlock_key) entry.set_unlock_key(ToString(version.unlock_key->Spki()));
  entry.set_sealed_private(ToString(version.sealed_private));
  entry.set_guess_limit(version.guess_limit);
  if (!version.chip) return;
  entry.mutable_chip()->set_index(version.chip->index);
  entry.mutable_chip()->set_key(ToString(version.chip->key));
}

void AddFloor(const EpochFloor& floor, row::FloorEntry& entry) {
  entry.set_sequence(floor.sequence);
  entry.set_digest(ToString(floor.digest));
  entry.set_device_key(ToString(floor.device.Spki()));
  entry.set_challenge(ToString(floor.challenge));
  entry.set_signature(ToString(floor.signature));
}

void AddChipCounts(const ChipPart& chip, row::ChipEntry& entry) {
  entry.set_count(chip.count);
  entry.set_limit(chip.limit);
  for (const CountedAnswer& answer : chip.answers) {
    *entry.mutable_answers() += ToString(answer.element) + ToString(answer.sealed);
  }
}

template <size_t n>
bool Copy(const std::string& from, std::array<uint8_t, n>& to) {
  if (from.size() != n) return false;
  std::ranges::copy(AsBytes(from), to.begin());
  return true;
}

bool ReadElements(const std::string& from, std::vector<Digest>& elements) {
  if (from.size() % sizeof(Digest) != 0) return false;
  for (size_t at = 0; at < from.size(); at += sizeof(Digest)) {
    Digest& element = elements.emplace_back();
    std::ranges::copy(AsBytes(from).subspan(at, sizeof(Digest)), element.begin());
  }
  return true;
}

bool ReadUnlockKey(const std::string& from, std::optional<EcdsaPublicKey>& key) {
  if (from.empty()) return true;
  absl::StatusOr<EcdsaPublicKey> read = EcdsaPublicKey::FromSpki(AsBytes(from));
  if (read.ok()) key = *read;
  return read.ok();
}

bool ReadRegistrar(const std::string& from, std::optional<DeviceId>& registrar) {
  if (from.empty()) return true;
  return Copy(from, registrar.emplace());
}

bool ReadChip(const row::ChipEntry& entry, ChipPart& chip) {
  chip = {entry.index(), ToBytes(entry.key()), entry.count(), entry.limit(), {}};
  const std::string& from = entry.answers();
  if (from.size() % kAnswerBytes != 0) return false;
  for (size_t at = 0; at < from.size(); at += kAnswerBytes) {
    CountedAnswer& answer = chip.answers.emplace_back();
    const ByteView pair = AsBytes(from).subspan(at, kAnswerBytes);
    std::ranges::copy(pair.first(sizeof(Digest)), answer.element.begin());
    answer.sealed = ToBytes(pair.subspan(sizeof(Digest)));
  }
  return true;
}

absl::StatusOr<RecordVersion> ReadVersion(const row::VersionEntry& entry) {
  RecordVersion version;
  version.number = entry.number();
  version.stage = static_cast<Stage>(std::min<uint32_t>(entry.stage(), 255));
  version.config = ToBytes(entry.config());
  version.commitment = ToBytes(entry.commitment());
  version.sealed_private = ToBytes(entry.sealed_private());
  version.guess_limit = entry.guess_limit();
  version.spent = entry.spent();
  if (!Copy(entry.nonce(), version.nonce) || !ReadUnlockKey(entry.unlock_key(), version.unlock_key) ||
      !ReadElements(entry.counted_elements(), version.counted_elements) ||
      !ReadRegistrar(entry.registered_by(), version.registered_by)) {
    return BadRow("a version of it is malformed");
  }
  if (entry.has_chip() && !ReadChip(entry.chip(), version.chip.emplace())) {
    return BadRow("what the chip counted for a version of it is malformed");
  }
  return version;
}

absl::StatusOr<EpochFloor> ReadFloor(const row::FloorEntry& entry) {
  absl::StatusOr<EcdsaPublicKey> device = EcdsaPublicKey::FromSpki(AsBytes(entry.device_key()));
  if (!device.ok()) return BadRow("the device of its floor is malformed");
  EpochFloor floor{entry.sequence(), {}, *device, {}, {}};
  if (!Copy(entry.digest(), floor.digest) || !Copy(entry.challenge(), floor.challenge) ||
      !Copy(entry.signature(), floor.signature)) {
    return BadRow("its floor is malformed");
  }
  return floor;
}

}  // namespace

row::RecordRow WithoutCounts(const Record& record) {
  row::RecordRow message;
  message.set_tenant(record.name.tenant);
  message.set_account(record.name.account);
  message.set_record(record.name.record);
  message.set_destroyed(record.destroyed);
  message.set_highest_version(record.highest_version);
  message.set_discarded(record.discarded);
  for (const RecordVersion& version : record.versions) AddVersion(version, message);
  if (record.floor) AddFloor(*record.floor, *message.mutable_floor());
  return message;
}

void AddCounts(const Record& record, row::RecordRow& message) {
  message.set_last_counted_ms(record.last_counted_ms);
  for (int i = 0; i < message.versions_size(); ++i) {
    const RecordVersion& version = record.versions[static_cast<size_t>(i)];
    row::VersionEntry& entry = *message.mutable_versions(i);
    entry.set_spent(version.spent);
    for (const Digest& element : version.counted_elements) {
      *entry.mutable_counted_elements() += AsText(element);
    }
    if (version.chip) AddChipCounts(*version.chip, *entry.mutable_chip());
  }
}

absl::StatusOr<Record> FromMessage(const row::RecordRow& message) {
  Record record;
  record.name = {message.tenant(), message.account(), message.record()};
  record.last_counted_ms = message.last_counted_ms();
  record.destroyed = message.destroyed();
  record.highest_version = message.highest_version();
  record.discarded = message.discarded();
  for (const row::VersionEntry& entry : message.versions()) {
    LABREC_ASSIGN_OR_RETURN(RecordVersion version, ReadVersion(entry));
    record.versions.push_back(std::move(version));
  }
  if (message.has_floor()) {
    LABREC_ASSIGN_OR_RETURN(record.floor, ReadFloor(message.floor()));
  }
  return record;
}

}  // namespace labrec::recovery
