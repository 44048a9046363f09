#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "hsm/tpm2/link/index.h"
#include "hsm/tpm2/realm/loaded_realm.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// Why this TPM cannot count a key's uses for this realm, and what to do; empty if it can. The TPM has to
// follow revision 1.38 of the specification, which brought TPM_NT_PIN_PASS. The range must be this realm's or
// nobody's. A range without a mark is tried: an index is defined, written once with a signature for one use,
// used, refused, and removed again. An error only while the TPM is away.
absl::StatusOr<std::string> WhyNotCounted(LoadedRealm& realm, IndexRange range, ByteView realm_id);

}  // namespace labrec::hsm::tpm2
