#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/pkcs11/token/address.h"
#include "hsm/pkcs11/token/module.h"
#include "hsm/pkcs11/token/objects.h"
#include "hsm/pkcs11/token/session.h"
#include "hsm/pkcs11/token/token.h"

namespace labrec::hsm::pkcs11 {

// Handles of the realm's keys; good for one loaded realm.
struct KeyHandles {
  TokenObject evaluation;
  TokenObject derivation;
};

// Finds the realm's keys through a session that is logged in, and proves that they are the pinned ones.
using KeyFinder = std::function<absl::StatusOr<KeyHandles>(const Session&)>;

// One life of the connection to a token, from C_Initialize to C_Finalize: the login, and handles that mean
// nothing before or after. Destroying it closes all sessions and finalizes the module.
class LoadedRealm {
 public:
  // Initializes, finds the token, logs in, finds and proves the keys. What was opened is closed on failure.
  static absl::StatusOr<std::unique_ptr<LoadedRealm>> Begin(const Module& module, const TokenAddress& address,
                                                            const KeyFinder& find_keys);

  const Token& token() const { return token_; }
  const KeyHandles& keys() const { return keys_; }
  CK_FUNCTION_LIST* api() const { return initialized_.api(); }

  // An idle session or a new one.
  absl::StatusOr<Session> TakeSession();
  void GiveBack(Session session) { idle_.push_back(std::move(session)); }

 private:
  LoadedRealm(Initialized initialized, Token token, Session anchor)
      : initialized_(std::move(initialized)), token_(token), anchor_(std::move(anchor)) {}

  // In this order, so that sessions close before the module is finalized.
  Initialized initialized_;
  Token token_;
  Session anchor_;  // never lent: while it is open, the login lasts
  KeyHandles keys_;
  std::vector<Session> idle_;
};

}  // namespace labrec::hsm::pkcs11
