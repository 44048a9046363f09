#include "recovery/api/record_config.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "pin/sharing/secret_sharing.h"
#include "recovery/api/limits.h"
#include "recovery/api/wire/config_message.h"

namespace labrec::recovery {
namespace {

constexpr size_t kShareBytes = 32;
constexpr size_t kAkNameBytes = 34;  // a TPM's Name: algorithm and SHA-256

static_assert(kMostRealms == pin::kMostShares && kRealmIdBytes == pin::kRealmIdSize);

absl::Status Bad(const std::string& what) {
  return absl::InvalidArgumentError("config: " + what);
}

wire::Enforcement EnforcementOf(const RecordConfig& config) {
  const size_t chips = config.chips();
  if (chips == 0) return wire::Enforcement::kLedger;
  return chips == config.realms.size() ? wire::Enforcement::kChip : wire::Enforcement::kMixed;
}

// As recovery.proto has it.
std::string_view NameOf(wire::Enforcement enforcement) {
  switch (enforcement) {
    case wire::Enforcement::kLedger:
      return "ENFORCEMENT_LEDGER";
    case wire::Enforcement::kChip:
      return "ENFORCEMENT_CHIP";
    case wire::Enforcement::kMixed:
      return "ENFORCEMENT_MIXED";
    default:
      return "ENFORCEMENT_UNSPECIFIED";
  }
}

wire::RecordConfig ToMessage(const RecordConfig& config) {
  wire::RecordConfig message;
  message.version = config.version;
  message.tenant = config.name.tenant;
  message.account = config.name.account;
  message.record = config.name.record;
  message.threshold = config.threshold;
  for (const RealmShare& share : config.realms) {
    wire::RealmShare& entry = message.realms.emplace_back();
    entry.realm_id = share.realm_id;
    entry.x = share.x;
    entry.masked_share = share.masked_share;
    if (share.chip) entry.chip = wire::ChipShare{share.chip->index, share.chip->ak_name};
  }
  message.salt = config.salt;
  message.argon_memory_kib = config.argon.memory_kib;
  message.argon_passes = config.argon.passes;
  message.argon_lanes = config.argon.lanes;
  message.guess_limit = config.guess_limit;
  message.enforcement = EnforcementOf(config);
  return message;
}

RecordConfig FromMessage(wire::RecordConfig message) {
  RecordConfig config;
  config.name = {std::move(message.tenant), std::move(message.account), std::move(message.record)};
  config.version = message.version;
  config.threshold = message.threshold;
  for (wire::RealmShare& entry : message.realms) {
    RealmShare share{std::move(entry.realm_id), entry.x, std::move(entry.masked_share), std::nullopt};
    if (entry.chip) share.chip = {entry.chip->index, std::move(entry.chip->ak_name)};
    config.realms.push_back(std::move(share));
  }
  config.salt = std::move(message.salt);
  config.argon = {message.argon_memory_kib, message.argon_passes, message.argon_lanes};
  config.guess_limit = message.guess_limit;
  return config;
}

absl::Status CheckIdentity(const RecordConfig& config, const RecordName& name, uint32_t version) {
  if (config.version != version) return Bad("version is not that of the request");
  if (version == 0) return Bad("version must be from 1 up");
  if (config.name.tenant != name.tenant) return Bad("tenant is not that of the token");
  if (config.name.account != name.account) return Bad("account is not that of the token");
  if (config.name.record != name.record) return Bad("record is not that of the request");
  return absl::OkStatus();
}

absl::Status CheckChip(const ChipShare& chip) {
  if (!IsIndexHandle(chip.index)) return Bad("the index of a share must be a handle of an NV index");
  if (chip.ak_name.size() != kAkNameBytes) return Bad("the ak_name of a share must have 34 bytes");
  return absl::OkStatus();
}

absl::Status CheckRealms(const RecordConfig& config) {
  const size_t n = config.realms.size();
  if (n < 1 || n > kMostRealms) return Bad(absl::StrCat("there must be 1 to ", kMostRealms, " realms"));
  if (config.threshold < 1 || config.threshold > n) {
    return Bad("threshold must be from 1 to the number of realms");
  }
  std::set<Bytes> ids;
  uint32_t x = 0;
  for (const RealmShare& share : config.realms) {
    if (share.x != ++x) return Bad("realms must have x = 1, 2, 3, ... in order");
    if (share.realm_id.size() != kRealmIdBytes) return Bad("a realm_id must have 16 bytes");
    if (!ids.insert(share.realm_id).second) return Bad("each realm_id must be there once");
    if (share.masked_share.size() != kShareBytes) return Bad("a masked_share must have 32 bytes");
    if (share.chip) LABREC_RETURN_IF_ERROR(CheckChip(*share.chip));
  }
  return absl::OkStatus();
}

absl::Status CheckStretching(const RecordConfig& config) {
  if (config.salt.size() != pin::kSaltSize) return Bad("salt must have 16 bytes");
  const absl::Status status = pin::CheckArgonParameters(config.argon);
  return status.ok() ? status : Bad(std::string(status.message()));
}

absl::Status CheckGuessing(const RecordConfig& config, wire::Enforcement said) {
  if (const absl::Status limit = CheckGuessLimit("guess_limit", config.guess_limit); !limit.ok()) {
    return Bad(std::string(limit.message()));
  }
  const wire::Enforcement borne_out = EnforcementOf(config);
  if (said == borne_out) return absl::OkStatus();
  return Bad(absl::StrCat("enforcement is not what its shares say, ", AbslView(NameOf(borne_out))));
}

}  // namespace

const RealmShare* RecordConfig::Find(ByteView realm_id) const {
  const auto share =
      std::ranges::find_if(realms, [&](const RealmShare& at) { return SameBytes(at.realm_id, realm_id); });
  return share == realms.end() ? nullptr : &*share;
}

size_t RecordConfig::chips() const {
  return static_cast<size_t>(
      std::ranges::count_if(realms, [](const RealmShare& share) { return share.chip.has_value(); }));
}

absl::StatusOr<RecordConfig> ParseRecordConfig(ByteView bytes, const RecordName& name, uint32_t version) {
  if (bytes.empty() || bytes.size() > kMostConfigBytes) return Bad("it must have 1 to 8192 bytes");
  auto message = wire::Decode<wire::RecordConfig>(bytes);
  if (!message) return Bad("it does not parse");
  if (!SameBytes(wire::Encode(*message), bytes)) {
    return Bad("it is not in deterministic form, or has fields that are not known here");
  }
  const wire::Enforcement said = message->enforcement;
  RecordConfig config = FromMessage(*std::move(message));
  LABREC_RETURN_IF_ERROR(CheckIdentity(config, name, version));
  LABREC_RETURN_IF_ERROR(CheckRealms(config));
  LABREC_RETURN_IF_ERROR(CheckStretching(config));
  LABREC_RETURN_IF_ERROR(CheckGuessing(config, said));
  return config;
}

Bytes Encode(const RecordConfig& config) {
  return wire::Encode(ToMessage(config));
}

}  // namespace labrec::recovery
