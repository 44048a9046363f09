#include "hsm/pkcs11/period_keys.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/random_array.h"
#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/anchor/ratchet.h"
#include "hsm/pkcs11/token/error.h"
#include "hsm/pkcs11/token/primitives.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr char kMessage[] = "labyrinth-recovery/v1/period-key";

Attributes Named(const Scope& scope, const PeriodKeyId& id) {
  Attributes wanted;
  wanted.Number(CKA_CLASS, CKO_SECRET_KEY).Blob(CKA_ID, PeriodKeyName(scope, id).id);
  return wanted;
}

absl::StatusOr<SecretBytes> SecretOf(const Session& session, const Scope& scope, TokenObject key) {
  Writer message;
  message.Lp(kMessage).Lp(scope.realm_id);
  return Hmac(session, key.handle, message.bytes());
}

// A token that vanished shows no key either, so a key that was not seen is gone only if the token shows
// something else of the realm's. What it says of the ratchet itself is for others.
absl::Status LookAgain(const Session& session, const Scope& scope) {
  const absl::Status ratchet = LookAtRatchet(session, scope).status();
  if (!absl::IsDataLoss(ratchet)) return ratchet;
  return ClassOf(ratchet) == ErrorClass::kHandle ? FindTraceOfRatchet(session, scope) : absl::OkStatus();
}

// nullopt: it is not there.
absl::StatusOr<std::optional<TokenObject>> Find(const Session& session, const Scope& scope,
                                                const PeriodKeyId& id) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> found, FindAll(session, Named(scope, id)));
  if (!found.empty()) return found.front();
  LABREC_RETURN_IF_ERROR(LookAgain(session, scope));
  return std::nullopt;
}

absl::StatusOr<std::vector<PeriodKeyId>> ListIn(const Session& session, const Scope& scope) {
  Attributes wanted;
  wanted.Number(CKA_CLASS, CKO_SECRET_KEY).Text(CKA_LABEL, PeriodKeyLabel(scope));
  LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> found, FindAll(session, std::move(wanted)));
  LABREC_RETURN_IF_ERROR(LookAgain(session, scope));
  std::vector<PeriodKeyId> ids;
  for (const TokenObject& object : found) {
    LABREC_ASSIGN_OR_RETURN(const Bytes id, ReadBlob(session, object.handle, CKA_ID));
    const std::optional<PeriodKeyId> parsed = ParsePeriodKeyId(scope, id);
    if (!parsed) return absl::DataLossError(absl::StrCat("a period key on the token has the id ", Hex(id)));
    ids.push_back(*parsed);
  }
  std::ranges::sort(ids);
  return ids;
}

}  // namespace

absl::StatusOr<std::vector<PeriodKeyId>> TokenPeriodKeys::List() {
  return connection_.Run([&](const Connection::Work& work) { return ListIn(work.session, scope_); });
}

// May run twice: the second run finds what the first one made.
absl::StatusOr<PeriodKeyId> TokenPeriodKeys::Make(uint64_t number, uint64_t made_at_ms) {
  const PeriodKeyId id{number, made_at_ms, RandomArray<8>()};
  return connection_.Run([&](const Connection::Work& work) -> absl::StatusOr<PeriodKeyId> {
    LABREC_ASSIGN_OR_RETURN(const std::optional<TokenObject> there, Find(work.session, scope_, id));
    if (there) return id;
    LABREC_ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE key,
                            GenerateHmacKey(work.session, Lifetime::kToken, PeriodKeyName(scope_, id)));
    ++writes_;
    const absl::Status locked = CheckLockedIn(work.session, key);
    if (locked.ok()) return id;
    (void)DestroyAndLook(work.session, {key}, Named(scope_, id));
    return locked;
  });
}

absl::StatusOr<SecretBytes> TokenPeriodKeys::Use(const PeriodKeyId& id) {
  return connection_.Run([&](const Connection::Work& work) -> absl::StatusOr<SecretBytes> {
    LABREC_ASSIGN_OR_RETURN(const std::optional<TokenObject> key, Find(work.session, scope_, id));
    if (!key) return absl::NotFoundError(absl::StrCat("the token has no period key ", id.number));
    return SecretOf(work.session, scope_, *key);
  });
}

absl::Status TokenPeriodKeys::Destroy(const PeriodKeyId& id) {
  return connection_.Run([&](const Connection::Work& work) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const std::optional<TokenObject> key, Find(work.session, scope_, id));
    if (!key) return absl::OkStatus();
    LABREC_RETURN_IF_ERROR(DestroyAndLook(work.session, *key, Named(scope_, id)));
    ++writes_;
    return absl::OkStatus();
  });
}

}  // namespace labrec::hsm::pkcs11
