#pragma once

#include <filesystem>

#include "absl/status/statusor.h"

#include "hsm/pcr/pcr_approval.h"

namespace labrec::hsm {

// The approval in `folder` (files that end in .json) that `approver` signed for just these values.
// FAILED_PRECONDITION if there is none: the message names the PCRs, says of each file why it does not fit,
// and what to do. A file that is no approval is passed over in the same way.
absl::StatusOr<PcrApproval> FindApproval(const std::filesystem::path& folder, const EcdsaPublicKey& approver,
                                         const PcrValues& present);

// True for a status that FindApproval made because no approval fits.
bool IsNoApproval(const absl::Status& status);

// Writes it into `folder`, which is made where there is none, and returns the file's path. The values give
// the file its name, so an approval of the same values replaces it.
absl::StatusOr<std::filesystem::path> AddApproval(const std::filesystem::path& folder,
                                                  const PcrApproval& approval);

}  // namespace labrec::hsm
