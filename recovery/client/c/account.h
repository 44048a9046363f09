#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attestation/verify/attest_policy.h"
#include "hsm/base/ecdsa.h"
#include "recovery/client/c/labyrinth_recovery.h"
#include "recovery/client/core/account.h"

namespace labrec::recovery::client::c {

// What lrc_options said, copied and checked. Never changes: operations share it.
struct Settings {
  std::string tenant;
  std::string account;
  std::vector<core::Realm> realms;
  std::vector<std::optional<Bytes>> ak_names;  // of the realms
  core::Limits limits;
  std::optional<EcdsaPublicKey> device;
  std::optional<attestation::AttestPolicy> proof;
  void (*random)(void* context, uint8_t* to, size_t size) = nullptr;
  int64_t (*unix_ms)(void* context) = nullptr;
  void* context = nullptr;
};

}  // namespace labrec::recovery::client::c

struct lrc_account {
  std::shared_ptr<const labrec::recovery::client::c::Settings> settings;
};
