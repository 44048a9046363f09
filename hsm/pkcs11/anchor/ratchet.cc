#include "hsm/pkcs11/anchor/ratchet.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/error.h"
#include "hsm/pkcs11/token/primitives.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr char kLookMessage[] = "labyrinth-recovery/v1/anchor-look";

absl::Status Spoilt(std::string_view why) {
  return absl::DataLossError(
      absl::StrCat("the keys of the realm's freshness anchor on the token are spoilt: ", AbslView(why),
                   "; a second service uses the anchor, or the token was restored; with no other service "
                   "running, 'labyrinth-admin anchor accept' clears them up"));
}

absl::StatusOr<std::vector<TokenObject>> AllLabelled(const Session& session, const std::string& label) {
  Attributes wanted;
  wanted.Number(CKA_CLASS, CKO_SECRET_KEY).Text(CKA_LABEL, label);
  return FindAll(session, std::move(wanted));
}

absl::StatusOr<std::vector<TokenObject>> AllClaims(const Session& session, const Scope& scope) {
  return AllLabelled(session, ClaimLabel(scope));
}

absl::StatusOr<std::vector<RatchetKey>> AllKeys(const Session& session, const Scope& scope) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> found, AllLabelled(session, RatchetLabel(scope)));
  std::vector<RatchetKey> keys;
  for (const TokenObject& object : found) {
    LABREC_ASSIGN_OR_RETURN(const Bytes id, ReadBlob(session, object.handle, CKA_ID));
    const auto parsed = ParseRatchetKeyId(scope, id);
    if (!parsed.has_value()) return Spoilt(absl::StrCat("one has the id ", Hex(id)));
    keys.push_back({*parsed, object});
  }
  std::sort(keys.begin(), keys.end(),
            [](const RatchetKey& a, const RatchetKey& b) { return a.id.epoch < b.id.epoch; });
  return keys;
}

bool IsChild(const RatchetKey& key, const RatchetKey& parent) {
  return key.id.epoch == parent.id.epoch + 1 && key.id.parent_nonce == parent.id.nonce;
}

bool IsRival(const RatchetKey& key, const RatchetKey& other) {
  return key.id.epoch == other.id.epoch && key.id.parent_nonce == other.id.parent_nonce;
}

// The view of who knows which key is the current one.
RatchetView Around(const RatchetKey& current, const std::vector<RatchetKey>& keys) {
  RatchetView view{current, {}, {}};
  for (const RatchetKey& key : keys) {
    if (key.id.nonce == current.id.nonce) continue;
    (IsChild(key, current) ? view.next : view.strays).push_back(key);
  }
  return view;
}

// nullopt if the keys, in ascending order of their epochs, do not follow from each other.
std::optional<RatchetView> Arrange(const std::vector<RatchetKey>& keys) {
  const RatchetKey& first = keys.front();
  const auto rest = std::next(keys.begin());
  if (std::all_of(rest, keys.end(), [&first](const RatchetKey& key) { return IsChild(key, first); })) {
    return RatchetView{first, std::vector<RatchetKey>(rest, keys.end()), {}};
  }
  const bool rivals = first.id.epoch > 0 && std::all_of(rest, keys.end(), [&first](const RatchetKey& key) {
                        return IsRival(key, first);
                      });
  return rivals ? std::optional(RatchetView{std::nullopt, keys, {}}) : std::nullopt;
}

// The same beside keys that are older than the last two epochs: whoever made a key of the last one saw the
// current key of the one before, so none of those can be it.
std::optional<RatchetView> ArrangeNewest(const std::vector<RatchetKey>& keys) {
  const uint64_t highest = keys.back().id.epoch;
  const auto newest = std::find_if(keys.begin(), keys.end(),
                                   [highest](const RatchetKey& key) { return highest - key.id.epoch <= 1; });
  std::optional<RatchetView> view = Arrange(std::vector<RatchetKey>(newest, keys.end()));
  if (view.has_value()) view->strays.assign(keys.begin(), newest);
  return view;
}

std::optional<RatchetView> ViewOf(const std::vector<RatchetKey>& keys,
                                  const std::optional<RatchetKeyId>& mine) {
  const auto known = std::find_if(keys.begin(), keys.end(), [&mine](const RatchetKey& key) {
    return mine.has_value() && key.id.nonce == mine->nonce;
  });
  return known == keys.end() ? ArrangeNewest(keys) : Around(*known, keys);
}

}  // namespace

absl::StatusOr<RatchetView> LookAtRatchet(const Session& session, const Scope& scope,
                                          const std::optional<RatchetKeyId>& mine) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<RatchetKey> keys, AllKeys(session, scope));
  if (keys.empty()) {
    return LostEvidence(
        "the token has no key of the realm's freshness anchor: they were removed, or it is another token; if "
        "it is the right one, 'labyrinth-admin anchor accept' starts its anchor anew");
  }
  std::optional<RatchetView> view = ViewOf(keys, mine);
  if (!view.has_value()) {
    return Spoilt(absl::StrCat("there are ", keys.size(), ", of the epochs ", keys.front().id.epoch, " to ",
                               keys.back().id.epoch, ", that do not follow from each other"));
  }
  const RatchetKey& used = view->current.has_value() ? *view->current : view->next.front();
  LABREC_RETURN_IF_ERROR(Hmac(session, used.object.handle, AsBytes(kLookMessage)).status());
  return *std::move(view);
}

absl::Status FindTraceOfRatchet(const Session& session, const Scope& scope) {
  for (const std::string& label : {RatchetLabel(scope), ClaimLabel(scope)}) {
    LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> found, AllLabelled(session, label));
    if (!found.empty()) return absl::OkStatus();
  }
  return LostObject(
      "the token has neither a key of the realm's freshness anchor nor a claim to it: it is another token, "
      "or "
      "they were removed");
}

absl::StatusOr<RatchetKey> MakeRatchetKey(const Session& session, const Scope& scope,
                                          const RatchetKeyId& id) {
  LABREC_ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE handle,
                          GenerateHmacKey(session, Lifetime::kToken, RatchetKeyName(scope, id)));
  const RatchetKey key{id, {handle}};
  if (absl::Status locked = CheckLockedIn(session, handle); !locked.ok()) {
    (void)DestroyRatchetKey(session, scope, key);
    return locked;
  }
  return key;
}

absl::Status DestroyRatchetKey(const Session& session, const Scope& scope, const RatchetKey& key) {
  Attributes unique;
  unique.Number(CKA_CLASS, CKO_SECRET_KEY).Blob(CKA_ID, RatchetKeyName(scope, key.id).id);
  return DestroyAndLook(session, key.object, std::move(unique));
}

absl::Status StartRatchetAnew(const Session& session, const Scope& scope, uint64_t known_epoch) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<RatchetKey> spoilt, AllKeys(session, scope));
  const uint64_t highest = std::max(known_epoch, spoilt.empty() ? 0 : spoilt.back().id.epoch);
  if (highest == UINT64_MAX) {
    return absl::FailedPreconditionError(
        "a key of the realm's freshness anchor, or the ledger, claims the last epoch there is: provision the "
        "token anew");
  }
  const Bytes no_parent = ToBytes(SecretBytes::Random(kNonceSize).view());
  LABREC_RETURN_IF_ERROR(
      MakeRatchetKey(session, scope, RatchetKeyId::NewFor(highest + 1, no_parent)).status());
  for (const RatchetKey& key : spoilt) LABREC_RETURN_IF_ERROR(DestroyRatchetKey(session, scope, key));
  return absl::OkStatus();
}

absl::StatusOr<Bytes> MakeClaim(const Session& session, const Scope& scope) {
  const Bytes claim = ToBytes(SecretBytes::Random(kNonceSize).view());
  const KeyName name = ClaimName(scope, claim);
  LABREC_RETURN_IF_ERROR(GenerateHmacKey(session, Lifetime::kToken, name).status());
  LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> claims, AllClaims(session, scope));
  for (const TokenObject& other : claims) {
    LABREC_ASSIGN_OR_RETURN(const Bytes id, ReadBlob(session, other.handle, CKA_ID));
    if (id == name.id) continue;
    LABREC_RETURN_IF_ERROR(
        FromCkRv("C_DestroyObject", session.api()->C_DestroyObject(session.handle(), other.handle)));
  }
  LABREC_RETURN_IF_ERROR(CheckClaim(session, scope, claim));
  return claim;
}

absl::Status CheckClaim(const Session& session, const Scope& scope, ByteView claim) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> claims, AllClaims(session, scope));
  if (claims.empty()) return LostObject("the claim to the realm's freshness anchor is gone from the token");
  LABREC_ASSIGN_OR_RETURN(const Bytes id, ReadBlob(session, claims.front().handle, CKA_ID));
  if (claims.size() == 1 && id == ClaimName(scope, claim).id) return absl::OkStatus();
  return absl::DataLossError(
      "another service took over the realm's freshness anchor on the token: stop one of the two");
}

}  // namespace labrec::hsm::pkcs11
