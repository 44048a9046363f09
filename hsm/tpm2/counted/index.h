#pragma once

#include <vector>

#include <tss2/tss2_tpm2_types.h>

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"
#include "hsm/counted_key.h"
#include "hsm/tpm2/link/index.h"
#include "hsm/tpm2/link/policy_session.h"
#include "hsm/tpm2/realm/loaded_realm.h"
#include "hsm/tpm_wire/tpms_nv_public.h"

// A private header: it brings the TSS with it. The NV index of type PIN_PASS that counts a record's uses
// (part 2, section 13.2): each authorisation with it adds one, and at its limit it refuses everybody.
namespace labrec::hsm::tpm2 {

struct CountingIndex {
  NvIndex handle;
  Bytes name;
  bool written = false;
};

// Defines the index at the area's handle, for `unlock_key`.
absl::StatusOr<CountingIndex> DefineCounting(LoadedRealm& realm, uint32_t index,
                                             const EcdsaPublicKey& unlock_key);

// FAILED_PRECONDITION if nothing is defined there, or another index than this key's.
absl::StatusOr<CountingIndex> OpenCounting(Context& context, uint32_t index,
                                           const EcdsaPublicKey& unlock_key);

// Read by the owner, so that it is not counted (TPM2_NV_Read, part 3, section 31.13). {0, 0} before the first
// write.
absl::StatusOr<UseCount> ReadUse(LoadedRealm& realm, const CountingIndex& index);

// TPM2_PolicySecret with the index: takes one use for what `policy` authorises next. PERMISSION_DENIED if
// none is left.
absl::Status TakeUse(LoadedRealm& realm, const CountingIndex& index, PolicySession& policy);

// All counting indices in the range, by their public areas.
absl::StatusOr<std::vector<FoundCountingIndex>> ListCounting(Context& context, IndexRange range);

// Undefines it. FAILED_PRECONDITION if something is there that is no counting index; OK if nothing is.
absl::Status RemoveCounting(LoadedRealm& realm, uint32_t index);

}  // namespace labrec::hsm::tpm2
