#include "tests/support/token/faulty_pkcs11.h"

#include <cstdlib>
#include <utility>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

namespace labrec::test {
namespace {

Judge judge;
CK_FUNCTION_LIST* real = nullptr;

// Stands for the member `kMember` of CK_FUNCTION_LIST.
template <auto kMember, const char* kName>
struct Watched;

template <typename... Arguments, CK_RV (*CK_FUNCTION_LIST::*kMember)(Arguments...), const char* kName>
struct Watched<kMember, kName> {
  static CK_RV Call(Arguments... arguments) {
    const Fate fate = judge ? judge(kName) : Fate::Pass();
    const CK_RV rv = fate.skip ? fate.rv : (real->*kMember)(arguments...);
    return fate.replace ? fate.rv : rv;
  }
};

#define LABREC_WATCH(list, function)                                      \
  do {                                                                    \
    static constexpr char kName[] = #function;                            \
    (list).function = &Watched<&CK_FUNCTION_LIST::function, kName>::Call; \
  } while (false)

CK_FUNCTION_LIST MakeList() {
  void* module = dlopen(LABREC_SOFTHSM2_MODULE, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) std::abort();
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(module, "C_GetFunctionList"));
  if (get == nullptr || get(&real) != CKR_OK) std::abort();
  CK_FUNCTION_LIST list = *real;
  LABREC_WATCH(list, C_Initialize);
  LABREC_WATCH(list, C_OpenSession);
  LABREC_WATCH(list, C_Login);
  LABREC_WATCH(list, C_FindObjects);
  LABREC_WATCH(list, C_GenerateKey);
  LABREC_WATCH(list, C_GenerateKeyPair);
  LABREC_WATCH(list, C_DeriveKey);
  LABREC_WATCH(list, C_DestroyObject);
  LABREC_WATCH(list, C_Sign);
  LABREC_WATCH(list, C_GetAttributeValue);
  LABREC_WATCH(list, C_GenerateRandom);
  return list;
}

}  // namespace

void SetPkcs11Judge(Judge new_judge) {
  judge = std::move(new_judge);
}

}  // namespace labrec::test

extern "C" CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST made = labrec::test::MakeList();
  *list = &made;
  return CKR_OK;
}
