#pragma once

#include <cstdint>
#include <string_view>

#include "hsm/base/secret_bytes.h"

namespace labrec::pin {

// What the client has evaluated obliviously: the stretched PIN, bound to one version of one record (protocol,
// "PIN hardening"): LP("labyrinth-recovery/v1/pin") || LP(tenant) || LP(account) || LP(record) ||
// I2OSP(version, 4) || stretched. Any thread. Aborts if a name is longer than 65535 bytes.
SecretBytes OprfInput(std::string_view tenant, std::string_view account, std::string_view record,
                      uint32_t version, const SecretBytes& stretched);

}  // namespace labrec::pin
