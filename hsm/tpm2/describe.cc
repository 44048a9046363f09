#include "hsm/tpm2/describe.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/capability.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr char kSimulator[] =
    "a software TPM: whoever runs it can read its keys and turn its counters back. Fit for tests, and as the "
    "virtual TPM of a machine whose host you trust";
constexpr char kVirtual[] = "a virtual TPM: its hypervisor can read its keys and turn its counters back";

// TCG's vendor ID registry.
constexpr const char* kHypervisors[] = {"MSFT", "GOOG", "AMZN", "VMW"};

// Four bytes of text; what is no printable ASCII is left out.
std::string TextOf(uint32_t property) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const auto c = static_cast<char>((property >> shift) & 0xFF);
    if (c >= 0x20 && c < 0x7F) text.push_back(c);
  }
  return text;
}

std::string Trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(' ');
  const size_t last = text.find_last_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

}  // namespace

DeviceDescription DescriptionOf(const std::string& manufacturer, const std::string& vendor,
                                const std::string& firmware) {
  DeviceDescription description;
  description.kind = "tpm2";
  description.manufacturer = Trimmed(manufacturer);
  description.model = Trimmed(vendor);
  description.firmware = firmware;
  // libtpms (swtpm) and IBM's simulator say "IBM" and "SW   TPM"; TCG's reference code says "XYZ".
  description.is_simulator = (description.manufacturer == "IBM" && description.model.rfind("SW", 0) == 0) ||
                             description.manufacturer == "XYZ";
  if (description.is_simulator) description.warning = kSimulator;
  for (const char* hypervisor : kHypervisors) {
    if (description.manufacturer == hypervisor) description.warning = kVirtual;
  }
  return description;
}

absl::StatusOr<DeviceDescription> Describe(Context& context) {
  LABREC_ASSIGN_OR_RETURN(const uint32_t manufacturer, Property(context, TPM2_PT_MANUFACTURER));
  std::string vendor;
  for (uint32_t property = TPM2_PT_VENDOR_STRING_1; property <= TPM2_PT_VENDOR_STRING_4; ++property) {
    LABREC_ASSIGN_OR_RETURN(const uint32_t part, Property(context, property));
    vendor += TextOf(part);
  }
  LABREC_ASSIGN_OR_RETURN(const uint32_t v1, Property(context, TPM2_PT_FIRMWARE_VERSION_1));
  LABREC_ASSIGN_OR_RETURN(const uint32_t v2, Property(context, TPM2_PT_FIRMWARE_VERSION_2));
  return DescriptionOf(TextOf(manufacturer), vendor,
                       absl::StrCat(v1 >> 16, ".", v1 & 0xFFFF, ".", v2 >> 16, ".", v2 & 0xFFFF));
}

}  // namespace labrec::hsm::tpm2
