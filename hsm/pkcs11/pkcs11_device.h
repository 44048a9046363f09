#pragma once

#include "hsm/device_setup.h"

// PKCS#11 tokens as realm devices. hsm/open_device.h comes here for every address that begins with "pkcs11:",
// and says what these functions do. Nothing of PKCS#11 itself shows here.
//
// An address is an RFC 7512 URI. It names the module by an absolute module-path, the token by attributes of
// the path (token, serial, manufacturer, model, slot-id) and the user PIN by pin-source=file:/absolute/path
// (mode 0600). x-parallelism=N (1 to 64, default 2) bounds the sessions that work at a time.
namespace labrec::hsm::pkcs11 {

absl::Status CheckAddress(const DeviceAddress& address);

// Trials with session objects only, and one token object that is destroyed at once.
absl::StatusOr<ProbeReport> Probe(const DeviceAddress& address, const DeviceRoles& roles);

absl::StatusOr<DeviceState> Provision(const DeviceAddress& address, const ProvisionOptions& options);

// The device finalizes the module in its destructor: destroy it before main returns, and do not fork while
// it lives. One process and one device per token at a time.
absl::StatusOr<std::unique_ptr<Device>> Open(const DeviceAddress& address, const DeviceState& state,
                                             const SecretBytes& authorization);

absl::Status Deprovision(const DeviceAddress& address, const DeviceState& state,
                         const SecretBytes& authorization, const SecretBytes& owner_authorization);

}  // namespace labrec::hsm::pkcs11
