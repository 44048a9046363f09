#include "tests/support/token/token_editor.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/error.h"
#include "hsm/pkcs11/token/module.h"
#include "hsm/pkcs11/token/objects.h"
#include "hsm/pkcs11/token/token.h"

namespace labrec::test {

using namespace hsm::pkcs11;

namespace {

// Does `act` with each secret key of that kind. How many there were.
template <typename Act>
absl::StatusOr<int> ForEachKey(const std::string& uri, std::string_view kind, const Act& act) {
  LABREC_ASSIGN_OR_RETURN(const TokenAddress address, TokenAddress::Parse(uri));
  LABREC_ASSIGN_OR_RETURN(const auto module, Module::Load(address.module_path(), address.init_args()));
  LABREC_ASSIGN_OR_RETURN(const Initialized initialized, Initialized::Begin(*module));
  LABREC_ASSIGN_OR_RETURN(const Token token, FindToken(initialized.api(), address));
  LABREC_ASSIGN_OR_RETURN(const Session session, Session::Open(initialized.api(), token.slot));
  LABREC_RETURN_IF_ERROR(Login(session, token, address));
  Attributes keys;
  keys.Number(CKA_CLASS, CKO_SECRET_KEY);
  LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> found, FindAll(session, std::move(keys)));
  int count = 0;
  for (const TokenObject& key : found) {
    LABREC_ASSIGN_OR_RETURN(const Bytes label, ReadBlob(session, key.handle, CKA_LABEL));
    if (!absl::EndsWith(AbslView(AsText(label)), absl::StrCat(" ", AbslView(kind)))) continue;
    LABREC_RETURN_IF_ERROR(act(session, key));
    ++count;
  }
  return count;
}

}  // namespace

absl::StatusOr<int> DestroyTokenKeys(const std::string& uri, std::string_view kind) {
  return ForEachKey(uri, kind, [](const Session& session, const TokenObject& key) {
    return FromCkRv("C_DestroyObject", session.api()->C_DestroyObject(session.handle(), key.handle));
  });
}

absl::StatusOr<int> CountTokenKeys(const std::string& uri, std::string_view kind) {
  return ForEachKey(uri, kind, [](const Session&, const TokenObject&) { return absl::OkStatus(); });
}

}  // namespace labrec::test
