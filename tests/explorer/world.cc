#include "tests/explorer/world.h"

#include <algorithm>
#include <map>
#include <string>

#include "recovery/api/limits.h"

namespace labrec::recovery::explorer {
namespace {

struct Signer {
  EcdsaPrivateKey key;
  VerifiedSignature signature;
};

Signer MakeSigner(const std::string& seed) {
  EcdsaPrivateKey key = EcdsaPrivateKey::FromScalar(P256Scalar::ReduceToNonZero(Sha256(seed)));
  const Bytes message = ToBytes("a request");
  VerifiedSignature signature = *VerifiedSignature::Check(key.public_key(), message, key.Sign(message));
  return {std::move(key), signature};
}

// Made at the first use: the search signs nothing twice. One thread.
const Signer& SignerOf(uint16_t which) {
  static std::map<uint16_t, Signer> signers;
  const auto found = signers.find(which);
  if (found != signers.end()) return found->second;
  return signers.emplace(which, MakeSigner(std::to_string(which))).first->second;
}
const Signer& KeySigner(Party maker, uint8_t serial) {
  return SignerOf(static_cast<uint16_t>(512 + 256 * maker + serial));
}

const DeviceId& IdOf(uint8_t device) {
  static const std::array<DeviceId, kDevices> ids = {
      DeviceKey(kPhone).DeviceId(), DeviceKey(kStolen).DeviceId(), DeviceKey(kOther).DeviceId()};
  return ids.at(device);
}

std::optional<DeviceId> RegistrarOf(uint8_t registrar) {
  return registrar == kByUnlockKey ? std::nullopt : std::optional(IdOf(registrar));
}
uint8_t NumberOf(const std::optional<DeviceId>& registrar) {
  uint8_t device = 0;
  while (device != kByUnlockKey && registrar != IdOf(device)) ++device;
  return device;
}

std::optional<Account> AccountOf(const State& state) {
  if (state.no_account != 0) return std::nullopt;
  Account account{kMain.tenant, kMain.account, {}, {}};
  for (uint8_t device = 0; device < kDevices; ++device) {
    if (state.enrolled.at(device) == 0) continue;
    account.devices.push_back({IdOf(device), DeviceKey(device), "device", 1, EnrolledBy::kFirst});
  }
  if (state.row != 0) account.records.push_back(kMain.record);
  if (state.x_stage != kNoStage) account.records.push_back(kX.record);
  return account;
}

void AddChip(const VersionState& from, RecordVersion& version) {
  ChipPart& chip = version.chip.emplace();
  chip.index = IndexOf(from.serial);
  chip.key = Bytes(1, from.serial);
  if (from.usable()) chip.limit = from.limit;
  chip.count = from.chip_count;
  for (uint8_t i = 0; i < from.answers; ++i) chip.answers.push_back(AnswerTo(from.serial, i));
}

RecordVersion VersionOf(const VersionState& from) {
  static const Bytes commitment(kCommitmentBytes, 7);
  const auto maker = static_cast<Party>(from.maker);
  RecordVersion version;
  version.number = from.number;
  version.stage = static_cast<Stage>(from.stage);
  version.nonce = NonceOf(maker, from.serial);
  version.unlock_key = UnlockKey(maker, from.serial);
  version.guess_limit = from.limit;
  version.spent = from.spent;
  version.registered_by = RegistrarOf(from.registrar);
  if (from.usable()) {
    version.config = Bytes(1, from.serial);
    version.commitment = commitment;
  }
  for (uint8_t i = 0; i < from.counted; ++i) {
    version.counted_elements.push_back(ElementOf(from.serial, i));
  }
  if (from.in_chip != 0) AddChip(from, version);
  return version;
}

std::optional<Record> MainOf(const State& state) {
  if (state.row == 0) return std::nullopt;
  Record record;
  record.name = kMain;
  record.destroyed = state.destroyed != 0;
  record.highest_version = state.highest;
  record.last_counted_ms = state.late != 0 ? kNow : 0;
  for (const VersionState& version : state.versions) {
    if (version.exists()) record.versions.push_back(VersionOf(version));
  }
  return record;
}

std::optional<Record> XOf(const State& state) {
  if (state.x_stage == kNoStage) return std::nullopt;
  VersionState version;
  version.number = 1;
  version.serial = kSerialOfX;
  version.stage = state.x_stage;
  version.maker = kThief;
  version.limit = 1;
  version.registrar = state.x_registrar;
  Record record;
  record.name = kX;
  record.highest_version = 1;
  record.versions.push_back(VersionOf(version));
  return record;
}

VersionState Packed(const RecordVersion& version, const State& before, Party maker) {
  const uint8_t serial = version.nonce[0];
  VersionState packed;
  packed.maker = maker;
  for (const VersionState& known : before.versions) {
    if (known.exists() && known.serial == serial) packed = known;
  }
  packed.number = static_cast<uint8_t>(version.number);
  packed.serial = serial;
  packed.stage = static_cast<uint8_t>(version.stage);
  packed.limit = static_cast<uint8_t>(version.guess_limit);
  packed.spent = static_cast<uint8_t>(version.spent);
  packed.counted = static_cast<uint8_t>(version.counted_elements.size());
  packed.registrar = NumberOf(version.registered_by);
  packed.in_chip = version.chip ? 1 : 0;
  packed.chip_count = version.chip ? static_cast<uint8_t>(version.chip->count) : 0;
  packed.answers = version.chip ? static_cast<uint8_t>(version.chip->answers.size()) : 0;
  return packed;
}

}  // namespace

World RowsOf(const State& state) {
  return {AccountOf(state), MainOf(state), XOf(state)};
}

void Pack(const World& world, Party maker, State& state) {
  const State before = state;
  for (uint8_t device = 0; device < kDevices; ++device) {
    const bool enrolled = world.account && world.account->Find(IdOf(device)) != nullptr;
    state.enrolled.at(device) = enrolled ? 1 : 0;
  }
  state.no_account = world.account ? 0 : 1;
  const std::optional<Record>& record = world.main;
  state.row = record ? 1 : 0;
  state.destroyed = record && record->destroyed ? 1 : 0;
  state.highest = record ? static_cast<uint8_t>(record->highest_version) : 0;
  state.late = record && record->last_counted_ms == kNow ? 1 : 0;
  state.versions = {};
  for (size_t i = 0; record && i < record->versions.size(); ++i) {
    state.versions.at(i) = Packed(record->versions[i], before, maker);
  }
  state.x_stage = world.x ? static_cast<uint8_t>(world.x->versions.back().stage) : uint8_t{kNoStage};
  state.x_registrar = world.x ? NumberOf(world.x->versions.back().registered_by) : 0;
}

void Renumber(State& state) {
  uint8_t number = 0;
  uint8_t highest = 0;
  for (VersionState& version : state.versions) {
    if (!version.exists()) continue;
    version.number = version.serial = ++number;
    if (version.usable()) highest = number;
  }
  if (state.row != 0) state.highest = highest;
  if (state.begun != 0) state.begun = highest + 1;
}

const EcdsaPublicKey& DeviceKey(uint8_t device) {
  return SignerOf(device).key.public_key();
}
const EcdsaPublicKey& UnlockKey(Party maker, uint8_t serial) {
  return KeySigner(maker, serial).key.public_key();
}
VerifiedSignature SignatureOfDevice(uint8_t device) {
  return SignerOf(device).signature;
}
VerifiedSignature SignatureOfKey(Party maker, uint8_t serial) {
  return KeySigner(maker, serial).signature;
}

Nonce NonceOf(Party maker, uint8_t serial) {
  Nonce nonce{};
  nonce[0] = serial;
  nonce[1] = maker;
  return nonce;
}

Digest ElementOf(uint8_t serial, uint8_t number) {
  Digest element{};
  element[0] = serial;
  element[1] = number;
  return element;
}

CountedAnswer AnswerTo(uint8_t serial, uint8_t number) {
  return {ElementOf(serial, number), Bytes(kSealedAnswerBytes, 1)};
}

uint32_t IndexOf(uint8_t serial) {
  return 0x01810000U + serial;
}

}  // namespace labrec::recovery::explorer
