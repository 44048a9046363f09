#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/address.h"
#include "hsm/tpm2/describe.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/link/commands.h"
#include "hsm/tpm2/link/nv_index.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm2/tpm2_device.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr char kOtherChip[] = "this TPM cannot be used for it; take another TPM, or a PKCS#11 device";

struct NeededCommand {
  uint32_t code;
  const char* what;
};
constexpr NeededCommand kAlways[] = {{TPM2_CC_HMAC, "TPM2_HMAC"},
                                     {TPM2_CC_CreatePrimary, "TPM2_CreatePrimary"},
                                     {TPM2_CC_StartAuthSession, "TPM2_StartAuthSession"}};
constexpr NeededCommand kForKeys[] = {{TPM2_CC_ECDH_ZGen, "TPM2_ECDH_ZGen"}};
constexpr NeededCommand kForAnchor[] = {{TPM2_CC_NV_DefineSpace, "TPM2_NV_DefineSpace"},
                                        {TPM2_CC_NV_Increment, "TPM2_NV_Increment"},
                                        {TPM2_CC_NV_Write, "TPM2_NV_Write"}};

absl::Status LookForCommands(Context& context, std::span<const NeededCommand> commands, ProbeReport& report) {
  for (const NeededCommand& command : commands) {
    LABREC_ASSIGN_OR_RETURN(const bool has, HasCommand(context, command.code));
    report.findings.push_back({command.what, has, kOtherChip});
  }
  return absl::OkStatus();
}

// TPM2_TestParms (part 3, section 30.3): would TPM2_Create take these parameters?
bool Takes(Context& context, const TPM2B_PUBLIC& pattern) {
  TPMT_PUBLIC_PARMS parameters{};
  parameters.type = pattern.publicArea.type;
  parameters.parameters = pattern.publicArea.parameters;
  return Esys_TestParms(context.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &parameters) ==
         TSS2_RC_SUCCESS;
}

absl::Status LookForOwner(Context& context, ProbeReport& report) {
  LABREC_ASSIGN_OR_RETURN(const uint32_t hierarchies, Property(context, TPM2_PT_STARTUP_CLEAR));
  report.findings.push_back({"owner hierarchy enabled", (hierarchies & TPMA_STARTUP_CLEAR_SHENABLE) != 0,
                             "enable the TPM's storage hierarchy in the firmware setup"});
  LABREC_ASSIGN_OR_RETURN(const uint32_t buffer, Property(context, TPM2_PT_INPUT_BUFFER));
  report.findings.push_back({"messages of 1024 bytes", buffer >= kMaxHmacMessage, kOtherChip});
  return absl::OkStatus();
}

absl::Status LookForKeys(Context& context, ProbeReport& report) {
  LABREC_ASSIGN_OR_RETURN(const bool curve, HasCurve(context, TPM2_ECC_NIST_P256));
  report.findings.push_back({"ECDH on P-256", curve && Takes(context, EvaluationKeyTemplate()), kOtherChip});
  return LookForCommands(context, kForKeys, report);
}

absl::Status TwoFreeIndices(Context& context, IndexRange range) {
  LABREC_ASSIGN_OR_RETURN(const uint32_t first, FreeIndex(context, range));
  const uint32_t behind = first + 1 - range.first;
  return FreeIndex(context, {first + 1, range.count - behind}).status();
}

absl::Status LookForAnchor(Context& context, IndexRange range, ProbeReport& report) {
  LABREC_RETURN_IF_ERROR(LookForCommands(context, kForAnchor, report));
  const absl::Status free = TwoFreeIndices(context, range);
  if (!free.ok() && !absl::IsResourceExhausted(free)) return free;
  report.findings.push_back({"two free NV indices", free.ok(), std::string(free.message())});
  LABREC_ASSIGN_OR_RETURN(const uint32_t most, Property(context, TPM2_PT_NV_COUNTERS_MAX));
  LABREC_ASSIGN_OR_RETURN(const uint32_t left, Property(context, TPM2_PT_NV_COUNTERS_AVAIL));
  // "0 available" counts only where the TPM says that it limits counters at all.
  report.findings.push_back({"room for an NV counter", most == 0 || left > 0,
                             "remove an NV counter that is not needed (tpm2_getcap handles-nv-index)"});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ProbeReport> Probe(const DeviceAddress& address, const DeviceRoles& roles, IndexRange range) {
  LABREC_ASSIGN_OR_RETURN(const std::string tcti, TctiOf(address));
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<Context> context, Context::Connect(tcti));
  ProbeReport report;
  LABREC_ASSIGN_OR_RETURN(report.description, Describe(*context));
  LABREC_RETURN_IF_ERROR(LookForOwner(*context, report));
  LABREC_RETURN_IF_ERROR(LookForCommands(*context, kAlways, report));
  if (roles.keys) LABREC_RETURN_IF_ERROR(LookForKeys(*context, report));
  if (roles.anchor) LABREC_RETURN_IF_ERROR(LookForAnchor(*context, range, report));
  return report;
}

}  // namespace labrec::hsm::tpm2
