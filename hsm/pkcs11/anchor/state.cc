#include "hsm/pkcs11/anchor/state.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/json.h"
#include "hsm/pkcs11/anchor/names.h"

namespace labrec::hsm::pkcs11 {
namespace {

using Json = nlohmann::json;

constexpr char kFormat[] = "labyrinth-recovery/pkcs11/1";
constexpr char kRatchet[] = "key-ratchet";

absl::Status WrongState(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("the device state is not one of a PKCS#11 device: ", AbslView(what)));
}

Json FromClaim(std::optional<bool> claim) {
  return claim.has_value() ? Json(*claim) : Json(nullptr);
}

Json FromClaims(const KeyClaims& claims) {
  return {{"local", FromClaim(claims.local)},
          {"never_extractable", FromClaim(claims.never_extractable)},
          {"always_sensitive", FromClaim(claims.always_sensitive)}};
}

std::optional<bool> Claim(const Json& claims, const char* name) {
  const Json value = claims.is_object() ? claims.value(name, Json()) : Json();
  return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
}

KeyClaims Claims(const Json& key) {
  const Json claims = key.value("claims", Json());
  return {Claim(claims, "local"), Claim(claims, "never_extractable"), Claim(claims, "always_sensitive")};
}

const Json& Member(const Json& object, const char* name) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

absl::StatusOr<Bytes> HexMember(const Json& object, const char* name, size_t size) {
  const Json& text = Member(object, name);
  if (!text.is_string()) return WrongState(absl::StrCat("no text ", name));
  auto bytes = FromHex(text.get<std::string>());
  if (!bytes.ok() || bytes->size() != size)
    return WrongState(absl::StrCat(name, " is not ", size, " bytes in hexadecimal"));
  return bytes;
}

absl::StatusOr<PinnedKeys> Keys(const Json& evaluation, const Json& derivation) {
  PinnedKeys keys;
  LABREC_ASSIGN_OR_RETURN(const Bytes point,
                          HexMember(evaluation, "public_key", P256Point::kUncompressedSize));
  auto public_key = P256Point::Parse(point);
  if (!public_key.ok()) return WrongState("public_key is no point");
  keys.public_key = *public_key;
  LABREC_ASSIGN_OR_RETURN(keys.derivation_check, HexMember(derivation, "check", kDerivationCheckSize));
  keys.evaluation_claims = Claims(evaluation);
  keys.derivation_claims = Claims(derivation);
  return keys;
}

}  // namespace

DeviceState ToJson(const State& state) {
  Json json = {{"format", kFormat},
               {"realm_id", Hex(state.scope.realm_id)},
               {"instance", Hex(state.scope.instance)},
               {"token", state.token}};
  if (state.keys.has_value()) {
    json["evaluation_key"] = {{"public_key", Hex(state.keys->public_key.Uncompressed())},
                              {"claims", FromClaims(state.keys->evaluation_claims)}};
    json["derivation_key"] = {{"check", Hex(state.keys->derivation_check)},
                              {"claims", FromClaims(state.keys->derivation_claims)}};
  }
  if (state.anchor) json["anchor"] = kRatchet;
  return {JsonText(json, 2)};
}

absl::StatusOr<State> FromJson(const DeviceState& text) {
  const Json json = ParseJson(text.json);
  if (!json.is_object()) return WrongState("no JSON object");
  if (Member(json, "format") != kFormat) return WrongState("its format is another");
  State state;
  LABREC_ASSIGN_OR_RETURN(state.scope.realm_id, HexMember(json, "realm_id", kRealmIdSize));
  LABREC_ASSIGN_OR_RETURN(state.scope.instance, HexMember(json, "instance", kInstanceSize));
  if (const Json& token = Member(json, "token"); token.is_string()) state.token = token.get<std::string>();
  const Json& evaluation = Member(json, "evaluation_key");
  const Json& derivation = Member(json, "derivation_key");
  if (!evaluation.is_null() || !derivation.is_null()) {
    LABREC_ASSIGN_OR_RETURN(state.keys, Keys(evaluation, derivation));
  }
  const Json& anchor = Member(json, "anchor");
  if (!anchor.is_null() && anchor != kRatchet) return WrongState("its anchor is not a key-ratchet");
  state.anchor = !anchor.is_null();
  if (!state.anchor && !state.keys.has_value()) return WrongState("it names neither keys nor an anchor");
  return state;
}

Bytes DerivationCheckMessage(ByteView realm_id) {
  Writer writer;
  writer.Lp("labyrinth-recovery/v1/key-check").Lp(realm_id);
  return std::move(writer).Take();
}

}  // namespace labrec::hsm::pkcs11
