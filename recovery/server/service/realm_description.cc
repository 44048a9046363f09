#include "recovery/server/service/realm_description.h"

namespace labrec::recovery {

std::string_view PolicyName(FirstDevicePolicy policy) {
  switch (policy) {
    case FirstDevicePolicy::kOpen:
      return "open";
    case FirstDevicePolicy::kToken:
      return "token";
    case FirstDevicePolicy::kAdmin:
    case FirstDevicePolicy::kAnotherKey:
      break;
  }
  return "admin";
}

std::string SoftwareVersion() {
  return LABREC_VERSION;
}

void DescribeRealm(const RealmFacts& facts, const EngineStatus& status,
                   labyrinth::recovery::v1::GetRealmResponse* answer) {
  answer->set_realm_id(ToString(facts.realm_id));
  answer->set_name(facts.name);
  answer->set_protocol_version(1);
  answer->set_device_kind(status.device.kind);
  answer->set_device_manufacturer(status.device.manufacturer);
  answer->set_device_warning(status.device.warning);
  for (const std::string& claim : status.device.claims) answer->add_device_claims(claim);
  answer->set_anchor_kind(status.anchor.kind);
  answer->set_evaluation_public_key(ToString(facts.evaluation_public_key));
  answer->set_discontinuities(status.discontinuities);
  answer->set_first_device_policy(std::string(PolicyName(facts.first_device)));
  answer->set_software_version(SoftwareVersion());
  answer->set_no_chip_reason(status.no_chip_reason);
  for (const std::chrono::milliseconds delay : facts.guess_policy.delays) {
    answer->add_guess_delays_s(static_cast<uint32_t>(std::chrono::ceil<std::chrono::seconds>(delay).count()));
  }
  if (!status.chip) return;
  answer->mutable_chip()->set_used(status.chip->used);
  answer->mutable_chip()->set_free_handles(status.chip->free_handles);
  answer->mutable_chip()->set_full(status.chip->chip_is_full);
  answer->mutable_chip()->set_begun(static_cast<uint32_t>(status.chip_registrations));
}

}  // namespace labrec::recovery
