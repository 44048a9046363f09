#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "hsm/tpm2/link/index.h"
#include "hsm/tpm2/realm/loaded_realm.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// Why this TPM cannot count a key's uses for this realm, and what to do; empty if nothing is known against
// it. The TPM has to follow revision 1.38 of the specification, which brought TPM_NT_PIN_PASS, the owner's
// value has to be right, and the range this realm's or nobody's. Writes nothing: a device is opened at each
// start, also one that fails. An error only while the TPM is away.
absl::StatusOr<std::string> WhyNotCounted(LoadedRealm& realm, IndexRange range, ByteView realm_id);

// Makes the range this realm's, before its first index. A range without a mark is tried first, once in a
// realm's life: an index is defined, written with a signature for one use, used, refused, raised by one, used
// and refused again, and removed.
// UNIMPLEMENTED: the TPM does not keep what its revision promises.
absl::Status TakeRange(LoadedRealm& realm, IndexRange range, ByteView realm_id);

}  // namespace labrec::hsm::tpm2
