#include "recovery/api/record_config.h"

#include <algorithm>
#include <set>
#include <string>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "pin/secret_sharing.h"
#include "recovery/api/limits.h"
#include "recovery/api/v1/recovery.pb.h"

namespace labrec::recovery {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

constexpr size_t kShareBytes = 32;
constexpr size_t kAkNameBytes = 34;  // a TPM's Name: algorithm and SHA-256

static_assert(kMostRealms == pin::kMostShares && kRealmIdBytes == pin::kRealmIdSize);

absl::Status Bad(const std::string& what) {
  return absl::InvalidArgumentError("config: " + what);
}

std::string Deterministic(const v1::RecordConfig& config) {
  std::string text;
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    config.SerializeToCodedStream(&coded);
  }
  return text;
}

v1::Enforcement EnforcementOf(const RecordConfig& config) {
  const size_t chips = config.chips();
  if (chips == 0) return v1::ENFORCEMENT_LEDGER;
  return chips == config.realms.size() ? v1::ENFORCEMENT_CHIP : v1::ENFORCEMENT_MIXED;
}

v1::RecordConfig ToMessage(const RecordConfig& config) {
  v1::RecordConfig message;
  message.set_version(config.version);
  message.set_tenant(config.name.tenant);
  message.set_account(config.name.account);
  message.set_record(config.name.record);
  message.set_threshold(config.threshold);
  for (const RealmShare& share : config.realms) {
    v1::RealmShare& entry = *message.add_realms();
    entry.set_realm_id(ToString(share.realm_id));
    entry.set_x(share.x);
    entry.set_masked_share(ToString(share.masked_share));
    if (!share.chip) continue;
    entry.mutable_chip()->set_index(share.chip->index);
    entry.mutable_chip()->set_ak_name(ToString(share.chip->ak_name));
  }
  message.set_salt(ToString(config.salt));
  message.set_argon_memory_kib(config.argon.memory_kib);
  message.set_argon_passes(config.argon.passes);
  message.set_argon_lanes(config.argon.lanes);
  message.set_guess_limit(config.guess_limit);
  message.set_enforcement(EnforcementOf(config));
  return message;
}

RecordConfig FromMessage(const v1::RecordConfig& message) {
  RecordConfig config;
  config.name = {message.tenant(), message.account(), message.record()};
  config.version = message.version();
  config.threshold = message.threshold();
  for (const v1::RealmShare& entry : message.realms()) {
    RealmShare share{ToBytes(entry.realm_id()), entry.x(), ToBytes(entry.masked_share()), std::nullopt};
    if (entry.has_chip()) share.chip = {entry.chip().index(), ToBytes(entry.chip().ak_name())};
    config.realms.push_back(std::move(share));
  }
  config.salt = ToBytes(message.salt());
  config.argon = {message.argon_memory_kib(), message.argon_passes(), message.argon_lanes()};
  config.guess_limit = message.guess_limit();
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

absl::Status CheckGuessing(const RecordConfig& config, v1::Enforcement said) {
  if (const absl::Status limit = CheckGuessLimit("guess_limit", config.guess_limit); !limit.ok()) {
    return Bad(std::string(limit.message()));
  }
  const v1::Enforcement borne_out = EnforcementOf(config);
  if (said == borne_out) return absl::OkStatus();
  return Bad("enforcement is not what its shares say, " + v1::Enforcement_Name(borne_out));
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
  v1::RecordConfig message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Bad("it does not parse");
  message.DiscardUnknownFields();  // else they would be written again as they came
  if (!SameBytes(AsBytes(Deterministic(message)), bytes)) {
    return Bad("it is not in deterministic form, or has fields that are not known here");
  }
  RecordConfig config = FromMessage(message);
  LABREC_RETURN_IF_ERROR(CheckIdentity(config, name, version));
  LABREC_RETURN_IF_ERROR(CheckRealms(config));
  LABREC_RETURN_IF_ERROR(CheckStretching(config));
  LABREC_RETURN_IF_ERROR(CheckGuessing(config, message.enforcement()));
  return config;
}

Bytes Encode(const RecordConfig& config) {
  return ToBytes(Deterministic(ToMessage(config)));
}

}  // namespace labrec::recovery
