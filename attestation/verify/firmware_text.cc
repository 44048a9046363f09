// Apart from the policy's file format, so that a verifier does not bring along what reads it.
#include "absl/strings/str_cat.h"

#include "attestation/verify/attest_policy.h"

namespace labrec::attestation {

std::string FirmwareText(uint64_t version) {
  return absl::StrCat(version >> 48, ".", (version >> 32) & 0xFFFF, ".", (version >> 16) & 0xFFFF, ".",
                      version & 0xFFFF);
}

}  // namespace labrec::attestation
