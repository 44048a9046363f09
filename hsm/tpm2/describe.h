#pragma once

#include "absl/status/statusor.h"

#include "hsm/device.h"
#include "hsm/tpm2/link/context.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// Manufacturer, vendor strings and firmware version as the TPM tells them (part 2, section 6.13), and a
// warning where it is known not to be a chip of its own. The TPM may lie; only its EK certificate proves it.
absl::StatusOr<DeviceDescription> Describe(Context& context);

// The same from the properties alone: `manufacturer` and `vendor` as four-character texts, joined, with
// padding removed.
DeviceDescription DescriptionOf(const std::string& manufacturer, const std::string& vendor,
                                const std::string& firmware);

}  // namespace labrec::hsm::tpm2
