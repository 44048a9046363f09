#pragma once

#include "absl/status/status.h"

#include "tools/recoveryd/config.h"

namespace labrec::recoveryd {

// What a start needs besides the device and free addresses, looked at and not changed: a start asks before it
// touches anything, and --check-config asks for little else. Each error has every problem, one per line, as
// "[section] key: what is wrong".

// The addresses of devices (those in realm.json were read by realm init): INVALID_ARGUMENT.
absl::Status CheckDevices(const Config& config);

// The tenants' key sets: INVALID_ARGUMENT. A mistake in them is the operator's to mend, and no start is worth
// repeating before.
absl::Status CheckTokenKeys(const Config& config);

// The realm's folder with all that has to be in it, certificates and keys, the admin socket's place:
// FAILED_PRECONDITION. A disk that is not mounted yet, or a certificate that is being renewed, may be there
// at the next start.
absl::Status CheckFiles(const Config& config);

// Whether the certificates that clients see are good today: FAILED_PRECONDITION. No start asks: a realm goes
// on with an expired one, and says so.
absl::Status CheckCertificates(const Config& config);

}  // namespace labrec::recoveryd
