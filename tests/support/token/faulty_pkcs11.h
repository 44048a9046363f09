#pragma once

#include <functional>
#include <string_view>

// A PKCS#11 module that is SoftHSM2, but asks the test before and after each call of some functions.
namespace labrec::test {

// What becomes of a call.
struct Fate {
  // The call is made, and its result passed on.
  static Fate Pass() { return {}; }
  // The call is not made; the caller gets `rv` (CKR_OK: a lie).
  static Fate Skip(unsigned long rv) { return {.skip = true, .replace = true, .rv = rv}; }
  // The call is made, but the caller gets `rv`.
  static Fate Hide(unsigned long rv) { return {.skip = false, .replace = true, .rv = rv}; }

  bool skip = false;
  bool replace = false;
  unsigned long rv = 0;
};

// `function` is "C_Initialize", "C_OpenSession", "C_Login", "C_FindObjects", "C_GenerateKey",
// "C_GenerateKeyPair", "C_DeriveKey", "C_DestroyObject", "C_Sign", "C_GetAttributeValue" or
// "C_GenerateRandom".
using Judge = std::function<Fate(std::string_view function)>;

// From now on every such call of this process asks `judge` (any thread, several at a time); null: none does.
// Not while calls are under way.
void SetPkcs11Judge(Judge judge);

}  // namespace labrec::test
