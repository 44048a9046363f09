#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "tools/admin/dev/dev_world.h"
#include "tools/admin/dev/simulators.h"

namespace labrec::admin {

constexpr size_t kMostDevRealms = 9;  // so many have names

// "ca.pem" and "ca.key" of the world's folder: who signs the realms' certificates.
absl::Status MakeCertificateAuthority(const DevWorld& world);

// The kind of device of realm `number`, which counts from 0.
std::string DeviceKind(const DevOptions& options, size_t number);

// Makes the realm with this number on its device, and starts its daemon, which serves when this returns.
// INTERNAL: one of the programs failed, with the end of its log. CANCELLED: told to stop meanwhile.
absl::StatusOr<DevRealm> StartRealm(const DevWorld& world, size_t number, const Simulator& simulator);

}  // namespace labrec::admin
