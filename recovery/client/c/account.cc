#include "recovery/client/c/account.h"

#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/api/names.h"
#include "recovery/client/c/views.h"

namespace labrec::recovery::client::c {
namespace {

constexpr size_t kNameBytes = 34;  // of a TPM's key

std::vector<Bytes> ListOf(const lrc_bytes* items, size_t count) {
  std::vector<Bytes> list;
  list.reserve(count);
  for (size_t i = 0; i < count; ++i) list.push_back(ToBytes(View(items[i])));
  return list;
}

absl::StatusOr<attestation::AttestPolicy> PolicyOf(const lrc_proof& proof) {
  attestation::AttestPolicy policy;
  policy.trust.anchors = ListOf(proof.anchors, proof.anchor_count);
  policy.trust.revocation_lists = ListOf(proof.revocation_lists, proof.revocation_list_count);
  if (proof.list_required != 0) policy.trust.revocation = attestation::EkTrust::Revocation::kListRequired;
  for (size_t i = 0; i < proof.pcr_count; ++i) {
    const lrc_pcr& pcr = proof.pcrs[i];
    policy.pcrs[{pcr.bank, pcr.index}].push_back(ToBytes(View(pcr.value)));
  }
  if (proof.minimum_firmware != 0) policy.minimum_firmware = proof.minimum_firmware;
  if (policy.trust.anchors.empty()) return absl::InvalidArgumentError("a proof needs vendors' certificates");
  if (proof.pcr_approver.size > 0) {
    LABREC_ASSIGN_OR_RETURN(policy.pcr_approver, EcdsaPublicKey::FromSpki(View(proof.pcr_approver)));
  }
  return policy;
}

absl::Status AddRealm(const lrc_realm& realm, Settings& settings) {
  core::Realm added;
  added.id = ToBytes(View(realm.id));
  added.name = TextOf(realm.name);
  if (added.id.size() != kRealmIdBytes) return absl::InvalidArgumentError("a realm's id has 16 bytes");
  for (const core::Realm& other : settings.realms) {
    if (other.id == added.id) return absl::InvalidArgumentError("a realm stands there twice");
  }
  if (realm.ak_name.size != 0 && realm.ak_name.size != kNameBytes) {
    return absl::InvalidArgumentError("the Name of an attestation key has 34 bytes");
  }
  settings.ak_names.emplace_back();
  if (realm.ak_name.size != 0) settings.ak_names.back() = ToBytes(View(realm.ak_name));
  settings.realms.push_back(std::move(added));
  return absl::OkStatus();
}

absl::StatusOr<Settings> SettingsOf(const lrc_options& options) {
  Settings settings;
  if (options.abi != LRC_ABI) return absl::InvalidArgumentError("made for another version of the header");
  settings.tenant = TextOf(options.tenant);
  settings.account = TextOf(options.account);
  constexpr char kAnyRecord[] = "record";
  LABREC_RETURN_IF_ERROR(CheckName({settings.tenant, settings.account, kAnyRecord}));
  if (options.realm_count < 1 || options.realm_count > kMostRealms) {
    return absl::InvalidArgumentError("an account has 1 to 16 realms");
  }
  for (size_t i = 0; i < options.realm_count; ++i) {
    LABREC_RETURN_IF_ERROR(AddRealm(options.realms[i], settings));
  }
  if (options.call_timeout_ms != 0) settings.limits.timeout_ms = options.call_timeout_ms;
  if (options.grace_ms != 0) settings.limits.grace_ms = options.grace_ms;
  if (options.device_public_key.size != 0) {
    LABREC_ASSIGN_OR_RETURN(settings.device, EcdsaPublicKey::FromSpki(View(options.device_public_key)));
  }
  if (options.proof != nullptr) {
    LABREC_ASSIGN_OR_RETURN(settings.proof, PolicyOf(*options.proof));
  }
  settings.random = options.random;
  settings.unix_ms = options.unix_ms;
  settings.context = options.context;
  return settings;
}

}  // namespace
}  // namespace labrec::recovery::client::c

extern "C" {

lrc_code lrc_account_new(const lrc_options* options, lrc_account** to) noexcept {
  using labrec::recovery::client::c::Settings;
  *to = nullptr;
  auto settings = labrec::recovery::client::c::SettingsOf(*options);
  if (!settings.ok()) return static_cast<lrc_code>(settings.status().code());
  *to = new lrc_account{std::make_shared<const Settings>(*std::move(settings))};
  return LRC_OK;
}

void lrc_account_free(lrc_account* account) noexcept {
  delete account;
}

uint32_t lrc_abi() noexcept {
  return LRC_ABI;
}

}  // extern "C"
