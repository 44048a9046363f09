#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hsm/base/bytes.h"
#include "hsm/base/pcr_selection.h"
#include "pin/guess_policy.h"
#include "recovery/engine/call/limits.h"
#include "recovery/record/rules/devices.h"

namespace labrec::recovery {

struct EngineOptions {
  std::string realm_name;
  Bytes realm_id;  // 16 bytes
  pin::GuessPolicy guess_policy;
  FirstDevicePolicy first_device = FirstDevicePolicy::kOpen;
  size_t queue_limit = 4096;                     // requests waiting; more are refused with RESOURCE_EXHAUSTED
  size_t account_queue_limit = 32;               // of them, of one account
  size_t batch_limit = 1024;                     // requests in one commit
  size_t challenge_limit = 1U << 20;             // challenges outstanding
  std::vector<Bytes> endorsement_intermediates;  // certificates (DER) that may lead from the EK to a root
  PcrSelection quoted_pcrs;                      // that attestation covers
  AttestationLimits attestation_limits;
  ChipRegistrationLimits chip_registrations;
};

}  // namespace labrec::recovery
