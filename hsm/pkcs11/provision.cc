#include "hsm/pkcs11/provision.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/anchor/names.h"
#include "hsm/pkcs11/anchor/ratchet.h"
#include "hsm/pkcs11/derivation_key.h"
#include "hsm/pkcs11/evaluation_key.h"
#include "hsm/pkcs11/token/error.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr uint64_t kFirstEpoch = 1;

absl::StatusOr<KeyClaims> ClaimsOf(const Session& session, CK_OBJECT_HANDLE key) {
  KeyClaims claims;
  LABREC_ASSIGN_OR_RETURN(claims.local, ReadFlag(session, key, CKA_LOCAL));
  LABREC_ASSIGN_OR_RETURN(claims.never_extractable, ReadFlag(session, key, CKA_NEVER_EXTRACTABLE));
  LABREC_ASSIGN_OR_RETURN(claims.always_sensitive, ReadFlag(session, key, CKA_ALWAYS_SENSITIVE));
  return claims;
}

absl::StatusOr<std::vector<TokenObject>> AllObjects(const Session& session, const Scope& scope) {
  std::vector<TokenObject> all;
  for (const std::string& label : {EvaluationKeyName(scope).label, DerivationKeyName(scope).label,
                                   RatchetLabel(scope), ClaimLabel(scope), PeriodKeyLabel(scope)}) {
    Attributes wanted;
    wanted.Text(CKA_LABEL, label);
    LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> found, FindAll(session, std::move(wanted)));
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

absl::Status MakeEvaluationKey(const Session& session, const Scope& scope, PinnedKeys& pinned) {
  LABREC_ASSIGN_OR_RETURN(const KeyPairHandles pair,
                          GenerateEcPair(session, Lifetime::kToken, EvaluationKeyName(scope)));
  LABREC_RETURN_IF_ERROR(CheckLockedIn(session, pair.private_key));
  LABREC_ASSIGN_OR_RETURN(pinned.public_key, ReadEcPoint(session, pair.public_key));
  LABREC_ASSIGN_OR_RETURN(pinned.evaluation_claims, ClaimsOf(session, pair.private_key));
  return ProveEvaluationKey(session, {pair.private_key}, pinned.public_key);
}

absl::Status MakeDerivationKey(const Session& session, const Scope& scope, PinnedKeys& pinned) {
  LABREC_ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE key,
                          GenerateHmacKey(session, Lifetime::kToken, DerivationKeyName(scope)));
  LABREC_RETURN_IF_ERROR(CheckLockedIn(session, key));
  LABREC_ASSIGN_OR_RETURN(pinned.derivation_claims, ClaimsOf(session, key));
  LABREC_ASSIGN_OR_RETURN(pinned.derivation_check, DerivationCheck(session, {key}, scope.realm_id));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PinnedKeys> MakeKeys(const Session& session, const Scope& scope) {
  PinnedKeys pinned;
  LABREC_RETURN_IF_ERROR(MakeEvaluationKey(session, scope, pinned));
  LABREC_RETURN_IF_ERROR(MakeDerivationKey(session, scope, pinned));
  return pinned;
}

absl::Status MakeAnchor(const Session& session, const Scope& scope) {
  LABREC_RETURN_IF_ERROR(
      MakeRatchetKey(session, scope, RatchetKeyId::NewFor(kFirstEpoch, Bytes(kNonceSize))).status());
  return LookAtRatchet(session, scope).status();
}

absl::StatusOr<KeyHandles> FindPinned(const Session& session, const State& state) {
  KeyHandles handles;
  // A ratchet that is spoilt or lost refuses at each use. The device opens all the same, so that the operator
  // can clear it up, if something else says that this is the realm's token.
  if (state.anchor) {
    const absl::Status ratchet = LookAtRatchet(session, state.scope).status();
    if (!absl::IsDataLoss(ratchet)) LABREC_RETURN_IF_ERROR(ratchet);
    if (!state.keys.has_value()) LABREC_RETURN_IF_ERROR(FindTraceOfRatchet(session, state.scope));
  }
  if (!state.keys.has_value()) return handles;
  LABREC_ASSIGN_OR_RETURN(handles.evaluation,
                          FindOne(session, CKO_PRIVATE_KEY, EvaluationKeyName(state.scope).id));
  LABREC_ASSIGN_OR_RETURN(handles.derivation,
                          FindOne(session, CKO_SECRET_KEY, DerivationKeyName(state.scope).id));
  LABREC_RETURN_IF_ERROR(ProveEvaluationKey(session, handles.evaluation, state.keys->public_key));
  LABREC_ASSIGN_OR_RETURN(const Bytes check,
                          DerivationCheck(session, handles.derivation, state.scope.realm_id));
  if (check == state.keys->derivation_check) return handles;
  return absl::FailedPreconditionError(
      "the token's derivation key is not the one that the device state pins");
}

absl::Status RemoveAll(const Session& session, const Scope& scope) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> objects, AllObjects(session, scope));
  for (const TokenObject& object : objects) {
    LABREC_RETURN_IF_ERROR(
        FromCkRv("C_DestroyObject", session.api()->C_DestroyObject(session.handle(), object.handle)));
  }
  LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> left, AllObjects(session, scope));
  if (left.empty()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(left.size(), " objects of the realm are still on the token"));
}

}  // namespace labrec::hsm::pkcs11
