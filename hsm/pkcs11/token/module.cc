#include "hsm/pkcs11/token/module.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/error.h"

namespace labrec::hsm::pkcs11 {

absl::StatusOr<std::unique_ptr<Module>> Module::Load(const std::string& path) {
  CK_FUNCTION_LIST* api = p11_kit_module_load(path.c_str(), 0);
  if (api == nullptr) {
    const char* why = p11_kit_message();
    return absl::UnavailableError(absl::StrCat("cannot load the PKCS#11 module ", path, ": ",
                                               why == nullptr ? "no reason given" : why,
                                               "; install it or correct module-path"));
  }
  return std::unique_ptr<Module>(new Module(api));
}

Module::~Module() {
  p11_kit_module_release(api_);
}

absl::StatusOr<Initialized> Initialized::Begin(const Module& module) {
  LABREC_RETURN_IF_ERROR(FromCkRv("C_Initialize", p11_kit_module_initialize(module.api())));
  return Initialized(module.api());
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
