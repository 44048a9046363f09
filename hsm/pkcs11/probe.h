#pragma once

#include <vector>

#include "hsm/device_setup.h"
#include "hsm/pkcs11/token/session.h"

namespace labrec::hsm::pkcs11 {

// Tries, in a session that is logged in, all that the roles need. One token object is made and destroyed, if
// an anchor is wanted; everything else is made in the session.
std::vector<ProbeFinding> Try(const Session& session, const DeviceRoles& roles);

}  // namespace labrec::hsm::pkcs11
