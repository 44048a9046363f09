#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/tpm_wire/cp_hash.h"
#include "recovery/client/base/config_group.h"
#include "recovery/client/report/realm_report.h"

// Which uses of a chip's key a client can explain, before it lets more be made. Pure.
namespace labrec::recovery::client {

// How many uses since the latest refill are explained at this realm of the group: the evaluation that this
// recovery got there, and beside it either the person's own tries, or those that the realm says it counted
// and that so many realms say as well (T, and two at least) that one of them does not lie.
uint32_t ExplainedUses(const ConfigGroup& group, const std::vector<RealmReport>& reports, size_t realm,
                       uint32_t own_tries);

// What the chip certified, against that. The limit of the latest refill is its count then and the guess
// limit, so that the uses since are known without a memory. FAILED_PRECONDITION where the index was retired,
// or holds what no refill of this record leaves.
absl::StatusOr<ChipUses> JudgeUses(const tpm::PinCounter& certified, uint32_t guess_limit,
                                   uint32_t explained);

// In words, for the person: no refill was signed.
absl::Status UnexplainedUses(const std::string& realm, const ChipUses& uses);
// The same where the version has ended. OK if all are explained.
absl::Status UnexplainedAtItsEnd(const std::string& realm, const ChipUses& uses);

}  // namespace labrec::recovery::client
