#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

#include "hsm/pkcs11/token/cryptoki.h"

namespace labrec::hsm::pkcs11 {

// A PKCS#11 module, loaded but not initialized. Stays loaded while it lives, however often it is initialized.
class Module {
 public:
  // UNAVAILABLE: the file cannot be loaded, or is no PKCS#11 module. `init_args` is what the module wants to
  // be told when it is initialized; usually empty.
  static absl::StatusOr<std::unique_ptr<Module>> Load(const std::string& path, std::string init_args);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  CK_FUNCTION_LIST* api() const { return api_; }
  const std::string& init_args() const { return init_args_; }

 private:
  Module(CK_FUNCTION_LIST* api, std::string init_args) : api_(api), init_args_(std::move(init_args)) {}
  CK_FUNCTION_LIST* api_;
  const std::string init_args_;
};

// The time between C_Initialize and C_Finalize (PKCS#11 2.40, sections 5.4). All sessions are closed, and no
// thread is inside the module, when it ends. Borrows the module.
class Initialized {
 public:
  // FAILED_PRECONDITION: the module wants other init_args.
  static absl::StatusOr<Initialized> Begin(const Module& module);
  Initialized(Initialized&& other) noexcept;
  Initialized& operator=(Initialized&& other) noexcept;
  Initialized(const Initialized&) = delete;
  Initialized& operator=(const Initialized&) = delete;
  ~Initialized();

  CK_FUNCTION_LIST* api() const { return api_; }

 private:
  explicit Initialized(CK_FUNCTION_LIST* api) : api_(api) {}
  void End();
  CK_FUNCTION_LIST* api_;
};

}  // namespace labrec::hsm::pkcs11
