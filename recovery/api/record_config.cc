#include "recovery/api/record_config.h"

#include <algorithm>
#include <string>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "hsm/base/status_macros.h"
#include "pin/stretch.h"
#include "recovery/api/limits.h"
#include "recovery/api/v1/recovery.pb.h"

namespace labrec::recovery {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

constexpr int kMostRealms = 16;
constexpr size_t kShareBytes = 32;
constexpr size_t kNameBytes = 34;  // a TPM's Name: algorithm and SHA-256

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

absl::Status CheckIdentity(const v1::RecordConfig& config, const RecordName& name, uint32_t version) {
  if (config.version() != version) return Bad("version is not that of the request");
  if (config.tenant() != name.tenant) return Bad("tenant is not that of the token");
  if (config.account() != name.account) return Bad("account is not that of the token");
  if (config.record() != name.record) return Bad("record is not that of the request");
  return absl::OkStatus();
}

absl::Status CheckRealms(const v1::RecordConfig& config, ByteView realm_id) {
  const int n = config.realms_size();
  if (n < 1 || n > kMostRealms) return Bad("there must be 1 to 16 realms");
  if (config.threshold() < 1 || config.threshold() > static_cast<uint32_t>(n)) {
    return Bad("threshold must be from 1 to the number of realms");
  }
  int here = 0;
  for (int i = 0; i < n; ++i) {
    const v1::RealmShare& share = config.realms(i);
    if (share.x() != static_cast<uint32_t>(i) + 1) return Bad("realms must have x = 1, 2, 3, ... in order");
    if (share.realm_id().size() != realm_id.size()) return Bad("a realm id must have 16 bytes");
    if (share.masked_share().size() != kShareBytes) return Bad("a masked share must have 32 bytes");
    here += SameBytes(AsBytes(share.realm_id()), realm_id) ? 1 : 0;
  }
  if (here != 1) return Bad("this realm must be listed exactly once");
  return absl::OkStatus();
}

absl::Status CheckStretching(const v1::RecordConfig& config) {
  if (config.salt().size() != pin::kSaltSize) return Bad("salt must have 16 bytes");
  const pin::ArgonParameters parameters{config.argon_memory_kib(), config.argon_passes(),
                                        config.argon_lanes()};
  const absl::Status status = pin::CheckArgonParameters(parameters);
  return status.ok() ? status : Bad(std::string(status.message()));
}

absl::Status CheckGuessing(const v1::RecordConfig& config) {
  if (config.guess_limit() < 1 || config.guess_limit() > kMostGuesses)
    return Bad("guess_limit must be 1 to 20");
  const auto chips =
      std::ranges::count_if(config.realms(), [](const auto& share) { return share.has_chip(); });
  const v1::Enforcement borne_out = chips == 0                      ? v1::ENFORCEMENT_LEDGER
                                    : chips == config.realms_size() ? v1::ENFORCEMENT_CHIP
                                                                    : v1::ENFORCEMENT_MIXED;
  if (config.enforcement() == borne_out) return absl::OkStatus();
  return Bad("enforcement is not what its shares say, " + v1::Enforcement_Name(borne_out));
}

absl::Status CheckChips(const v1::RecordConfig& config) {
  for (const v1::RealmShare& share : config.realms()) {
    if (!share.has_chip()) continue;
    if (share.chip().index() >> 24 != 0x01)
      return Bad("the index of a share must be a handle of an NV index");
    if (share.chip().ak_name().size() != kNameBytes) return Bad("the ak_name of a share must have 34 bytes");
  }
  return absl::OkStatus();
}

ConfigTerms TermsOf(const v1::RecordConfig& config, ByteView realm_id) {
  ConfigTerms terms{config.guess_limit(), std::nullopt};
  for (const v1::RealmShare& share : config.realms()) {
    if (share.has_chip() && SameBytes(AsBytes(share.realm_id()), realm_id)) {
      terms.chip_index = share.chip().index();
    }
  }
  return terms;
}

}  // namespace

absl::StatusOr<ConfigTerms> CheckConfig(ByteView bytes, ByteView realm_id, const RecordName& name,
                                        uint32_t version) {
  if (bytes.empty() || bytes.size() > kMostConfigBytes) return Bad("it must have 1 to 8192 bytes");
  v1::RecordConfig config;
  if (!config.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Bad("it does not parse");
  config.DiscardUnknownFields();  // else they would be written again as they came
  if (!SameBytes(AsBytes(Deterministic(config)), bytes)) {
    return Bad("it is not in deterministic form, or has fields that this realm does not know");
  }
  LABREC_RETURN_IF_ERROR(CheckIdentity(config, name, version));
  LABREC_RETURN_IF_ERROR(CheckRealms(config, realm_id));
  LABREC_RETURN_IF_ERROR(CheckStretching(config));
  LABREC_RETURN_IF_ERROR(CheckGuessing(config));
  LABREC_RETURN_IF_ERROR(CheckChips(config));
  return TermsOf(config, realm_id);
}

}  // namespace labrec::recovery
