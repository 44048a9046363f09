#include "hsm/pkcs11/token/module.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/error.h"

namespace labrec::hsm::pkcs11 {

namespace {

// Lets the module use the system's locks, as p11-kit does by itself.
CK_RV InitializeWith(CK_FUNCTION_LIST* api, std::string init_args) {
  // What the standard reserves is where NSS reads its settings, and it reads one pointer behind that.
  struct {
    CK_C_INITIALIZE_ARGS standard;
    void* behind;
  } arguments{};
  arguments.standard.flags = CKF_OS_LOCKING_OK;
  arguments.standard.pReserved = init_args.data();
  return api->C_Initialize(&arguments.standard);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Module>> Module::Load(const std::string& path, std::string init_args) {
  CK_FUNCTION_LIST* api = p11_kit_module_load(path.c_str(), 0);
  if (api == nullptr) {
    const char* why = p11_kit_message();
    return absl::UnavailableError(absl::StrCat("cannot load the PKCS#11 module ", path, ": ",
                                               why == nullptr ? "no reason given" : why,
                                               "; install it or correct module-path"));
  }
  return std::unique_ptr<Module>(new Module(api, std::move(init_args)));
}

Module::~Module() {
  p11_kit_module_release(api_);
}

absl::StatusOr<Initialized> Initialized::Begin(const Module& module) {
  const CK_RV rv = module.init_args().empty() ? p11_kit_module_initialize(module.api())
                                              : InitializeWith(module.api(), module.init_args());
  if (rv == CKR_OK) return Initialized(module.api());
  const absl::Status refused = FromCkRv("C_Initialize", rv);
  if (rv != CKR_ARGUMENTS_BAD) return refused;
  return absl::FailedPreconditionError(
      absl::StrCat(refused.message(),
                   "; some modules (NSS's softoken) want to be told their settings: name "
                   "them by x-init-args in the PKCS#11 address"));
}

Initialized::Initialized(Initialized&& other) noexcept : api_(std::exchange(other.api_, nullptr)) {}

Initialized& Initialized::operator=(Initialized&& other) noexcept {
  if (this != &other) {
    End();
    api_ = std::exchange(other.api_, nullptr);
  }
  return *this;
}

Initialized::~Initialized() {
  End();
}

void Initialized::End() {
  if (api_ != nullptr) (void)p11_kit_module_finalize(api_);
  api_ = nullptr;
}

}  // namespace labrec::hsm::pkcs11
