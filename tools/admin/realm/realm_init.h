#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/open_device.h"
#include "hsm/pcr/pcr_approval.h"
#include "recovery/realm/manifest.h"
#include "recovery/realm/store_place.h"

namespace labrec::admin {

// Keys bound to PCRs, and the approval of what these hold now.
struct PcrInit {
  hsm::PcrBinding binding;
  hsm::PcrApproval approval;
};

struct RealmInitOptions {
  std::string device;                 // see hsm::DeviceAddress
  std::optional<std::string> anchor;  // a device of its own for the freshness anchor
  std::filesystem::path state;        // the realm's folder: not there yet, or empty (RealmPlace)
  std::string name;                   // empty: the first 8 digits of the realm's id
  uint32_t bucket_exponent = 16;
  SecretBytes owner_authorization;  // of the TPM's owner hierarchy; usually empty
  std::optional<PcrInit> pcrs;
  recovery::StorePlace store;
};

struct MadeRealm {
  recovery::RealmManifest manifest;
  hsm::DeviceDescription device;
  std::optional<hsm::DeviceDescription> anchor;
};

// Makes a realm: looks at the devices first and makes nothing where one lacks something (FAILED_PRECONDITION,
// saying what and what to do); makes keys and anchor on them, an empty ledger and the folder. All or nothing:
// where a step fails, everything made before is removed again, and the message says so if that failed too.
// The folder comes first (RealmPlace), and decides whose realm it is where root makes it.
absl::StatusOr<MadeRealm> InitRealm(const RealmInitOptions& options);

}  // namespace labrec::admin
