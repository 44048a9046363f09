#include "hsm/tpm2/link/context.h"

#include <algorithm>
#include <mutex>

#include <tss2/tss2_tctildr.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/tss_library_context.h"

namespace labrec::hsm::tpm2 {
namespace {

// tpm2-tss writes its own lines to stderr at every refused command. What matters stands in our statuses;
// whoever wants the lines sets TSS2_LOG.
void QuietTss() {
  static std::once_flag once;
  std::call_once(once, [] { setenv("TSS2_LOG", "all+none", 0); });
}

bool NamesResourceManager(const std::string& tcti) {
  return tcti.find("tpmrm") != std::string::npos || tcti.rfind("tabrmd", 0) == 0;
}

absl::Status TctiStatus(const std::string& tcti, TSS2_RC rc) {
  const absl::Status status = TpmStatus(absl::StrCat("connecting to the TPM at '", tcti, "'"), rc);
  const uint32_t base = BaseCode(rc);
  if (base != TSS2_BASE_RC_NOT_SUPPORTED && base != TSS2_BASE_RC_BAD_VALUE) {
    return absl::UnavailableError(status.message());
  }
  return absl::InvalidArgumentError(absl::StrCat(
      status.message(), ": is it a TCTI configuration, as device:/dev/tpmrm0, and its library installed?"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Context>> Context::Connect(const std::string& tcti) {
  QuietTss();
  ShareLibraryContextWithTss();
  if (tcti.empty()) {
    return absl::InvalidArgumentError(
        "the TPM's address names no TCTI; write one, as tpm2:device:/dev/tpmrm0");
  }
  TSS2_TCTI_CONTEXT* transport = nullptr;
  if (const TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti.c_str(), &transport); rc != TSS2_RC_SUCCESS) {
    return TctiStatus(tcti, rc);
  }
  std::unique_ptr<Context> context(new Context(transport, NamesResourceManager(tcti)));
  LABREC_RETURN_IF_ERROR(context->Initialize());
  return context;
}

absl::Status Context::Initialize() {
  LABREC_RETURN_IF_ERROR(Check("Esys_Initialize", Esys_Initialize(&esys_, tcti_, nullptr)));
  const TSS2_RC rc = Esys_Startup(esys_, TPM2_SU_CLEAR);
  if (rc == TPM2_RC_INITIALIZE) return absl::OkStatus();  // it was started before us, as is usual
  return Check("TPM2_Startup", rc);
}

Context::~Context() {
  if (esys_ != nullptr) Esys_Finalize(&esys_);
  Tss2_TctiLdr_Finalize(&tcti_);
}

absl::Status Context::Check(std::string_view operation, TSS2_RC rc) {
  const bool was_broken = damage_ == Damage::kBroken;
  damage_ = std::max(damage_, DamageOf(rc));
  // What ESAPI says then is about its own state only.
  if (was_broken && rc != TSS2_RC_SUCCESS)
    return absl::UnavailableError("the connection to the TPM broke before this; call again");
  return TpmStatus(operation, rc);
}

void Context::WipeAnswer() {
  TSS2_SYS_CONTEXT* system = nullptr;
  const uint8_t* parameters = nullptr;
  size_t size = 0;
  if (Esys_GetSysContext(esys_, &system) != TSS2_RC_SUCCESS ||
      Tss2_Sys_GetRpBuffer(system, &size, &parameters) != TSS2_RC_SUCCESS) {
    return;  // the command failed: there is no answer
  }
  // The SAPI hands out a view of its own buffer, which the ESAPI decrypted in place.
  Wipe(std::span(const_cast<uint8_t*>(parameters), size));
}

}  // namespace labrec::hsm::tpm2
