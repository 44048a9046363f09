#include "hsm/pkcs11/token/loaded_realm.h"

#include <utility>

#include "hsm/base/status_macros.h"

namespace labrec::hsm::pkcs11 {

absl::StatusOr<std::unique_ptr<LoadedRealm>> LoadedRealm::Begin(const Module& module,
                                                                const TokenAddress& address,
                                                                const KeyFinder& find_keys) {
  LABREC_ASSIGN_OR_RETURN(Initialized initialized, Initialized::Begin(module));
  LABREC_ASSIGN_OR_RETURN(const Token token, FindToken(initialized.api(), address));
  LABREC_ASSIGN_OR_RETURN(Session anchor, Session::Open(initialized.api(), token.slot));
  LABREC_RETURN_IF_ERROR(Login(anchor, token, address));
  std::unique_ptr<LoadedRealm> realm(new LoadedRealm(std::move(initialized), token, std::move(anchor)));
  LABREC_ASSIGN_OR_RETURN(realm->keys_, find_keys(realm->anchor_));
  return realm;
}

absl::StatusOr<Session> LoadedRealm::TakeSession() {
  if (idle_.empty()) return Session::Open(api(), token_.slot);
  Session session = std::move(idle_.back());
  idle_.pop_back();
  return session;
}

}  // namespace labrec::hsm::pkcs11
