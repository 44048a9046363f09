#pragma once

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base/ecdsa.h"
#include "hsm/base/pcr_selection.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/device.h"

// What the host and a device say to each other when a device is looked at, set up and opened: values only.
// hsm/open_device.h takes them to the kind of device that an address names.
namespace labrec::hsm {

// Which device: "tpm2:<tcti configuration>" (as "tpm2:swtpm:path=/run/tpm.sock", "tpm2:device:/dev/tpm0") or
// an RFC 7512 URI
// ("pkcs11:token=realm?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/pin"). pin-value is
// refused: it would stand in process lists.
struct DeviceAddress {
  std::string uri;
};

// What a device is wanted for.
struct DeviceRoles {
  bool keys = true;    // evaluation key and derivation key
  bool anchor = true;  // freshness anchor
};

// One thing that was looked at on a device before anything is made on it.
struct ProbeFinding {
  std::string what;  // "ECDH on P-256", "NV counter"
  bool present = false;
  std::string remedy;  // what to do where it is missing
};

struct ProbeReport {
  DeviceDescription description;
  std::vector<ProbeFinding> findings;
  bool Suffices() const {
    return std::all_of(findings.begin(), findings.end(), [](const ProbeFinding& f) { return f.present; });
  }
};

// What must be kept to find a device's keys again: public names, wrapped blobs, pinned public keys. Not
// secret; a copy of it elsewhere is useless without the device. JSON text.
struct DeviceState {
  std::string json;
};

// Keys that a TPM uses only while its PCRs hold values that this key signed
// (hsm/pcr/pcr_approval.h).
struct PcrBinding {
  PcrSelection pcrs;
  EcdsaPublicKey approver;
};

// The most bytes that an authorisation value of a TPM's owner hierarchy has (SHA-512's size).
inline constexpr size_t kLongestOwnerAuthorization = 64;

struct ProvisionOptions {
  DeviceRoles roles;
  Bytes realm_id;             // 16 bytes; labels what is made on the device
  SecretBytes authorization;  // 32 bytes; guards the TPM objects. Not used by PKCS#11, which has a user PIN
  SecretBytes owner_authorization;        // TPM owner hierarchy; usually empty
  std::optional<PcrBinding> pcr_binding;  // TPM, with the role `keys`
  std::filesystem::path pcr_approvals;    // where approvals are; one for the present values is needed
};

}  // namespace labrec::hsm
