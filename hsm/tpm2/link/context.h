#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <tss2/tss2_esys.h>
#include <tss2/tss2_tcti.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/tpm2/link/error.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// Memory that ESAPI handed out.
struct EsysFree {
  void operator()(void* memory) const { Esys_Free(memory); }
};
template <typename T>
using EsysPtr = std::unique_ptr<T, EsysFree>;

// A connection to a TPM: TCTI and ESAPI context. It outlives every handle and session made in it.
// Threads: one at a time (an ESAPI context belongs to one thread).
class Context {
 public:
  // `tcti` is a TCTI configuration as in tpm2-tools ("device:/dev/tpmrm0", "swtpm:path=/run/tpm.sock").
  // The TPM is started (TPM2_Startup, part 3, section 9.3) unless it was. INVALID_ARGUMENT: no such TCTI;
  // UNAVAILABLE: no TPM answers there.
  static absl::StatusOr<std::unique_ptr<Context>> Connect(const std::string& tcti);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ESYS_CONTEXT* esys() const { return esys_; }

  // The status of `rc`, which `operation` returned in this context. Every ESAPI call's result goes through
  // here, so that damage() knows.
  absl::Status Check(std::string_view operation, TSS2_RC rc);
  // Something that must be loaded is not, and could not be loaded again.
  void LoseObjects() { damage_ = std::max(damage_, Damage::kObjectsLost); }
  // Wipes what the latest command answered out of the TSS's own buffer, where a decrypted answer stays in
  // clear until the next one comes. After every command whose answer is a secret.
  void WipeAnswer();
  // The worst that happened so far. With kBroken nothing more is sent.
  Damage damage() const { return damage_; }

  // True if a resource manager (/dev/tpmrm*, tpm2-abrmd) keeps our objects apart from other users' and
  // flushes them when we end. Without one we are the only user.
  bool has_resource_manager() const { return has_resource_manager_; }

 private:
  Context(TSS2_TCTI_CONTEXT* tcti, bool has_resource_manager)
      : tcti_(tcti), has_resource_manager_(has_resource_manager) {}
  absl::Status Initialize();

  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  bool has_resource_manager_ = false;
  Damage damage_ = Damage::kNone;
};

}  // namespace labrec::hsm::tpm2
