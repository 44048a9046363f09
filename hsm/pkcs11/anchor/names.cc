#include "hsm/pkcs11/anchor/names.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"

namespace labrec::hsm::pkcs11 {
namespace {

Bytes RandomBytes(size_t size) {
  return ToBytes(SecretBytes::Random(size).view());
}

Writer Id(std::string_view kind, const Scope& scope) {
  Writer writer;
  writer.Raw(kind).Raw(scope.realm_id).Raw(scope.instance);
  return writer;
}

std::string Label(const Scope& scope, std::string_view kind) {
  return absl::StrCat("labrec ", Hex(scope.realm_id), " ", Hex(scope.instance), " ", AbslView(kind));
}

Writer RatchetPrefix(const Scope& scope) {
  return Id("labrec-a", scope);
}

}  // namespace

Scope Scope::NewFor(ByteView realm_id) {
  return {ToBytes(realm_id), RandomBytes(kInstanceSize)};
}

RatchetKeyId RatchetKeyId::NewFor(uint64_t epoch, ByteView parent_nonce) {
  return {epoch, RandomBytes(kNonceSize), ToBytes(parent_nonce)};
}

KeyName EvaluationKeyName(const Scope& scope) {
  return {Id("labrec-e", scope).bytes(), Label(scope, "evaluation")};
}

KeyName DerivationKeyName(const Scope& scope) {
  return {Id("labrec-d", scope).bytes(), Label(scope, "derivation")};
}

std::string RatchetLabel(const Scope& scope) {
  return Label(scope, "anchor");
}

KeyName RatchetKeyName(const Scope& scope, const RatchetKeyId& id) {
  Writer writer = RatchetPrefix(scope);
  writer.U64(id.epoch).Raw(id.nonce).Raw(id.parent_nonce);
  return {std::move(writer).Take(), RatchetLabel(scope)};
}

std::optional<RatchetKeyId> ParseRatchetKeyId(const Scope& scope, ByteView id) {
  const Writer prefix = RatchetPrefix(scope);
  Reader reader(id);
  if (!SameBytes(reader.Raw(prefix.bytes().size()), prefix.bytes())) return std::nullopt;
  RatchetKeyId parsed;
  parsed.epoch = reader.U64();
  parsed.nonce = ToBytes(reader.Raw(kNonceSize));
  parsed.parent_nonce = ToBytes(reader.Raw(kNonceSize));
  return reader.AtEnd() ? std::optional(parsed) : std::nullopt;
}

std::string ClaimLabel(const Scope& scope) {
  return Label(scope, "claim");
}

KeyName ClaimName(const Scope& scope, ByteView nonce) {
  Writer writer = Id("labrec-c", scope);
  writer.Raw(nonce);
  return {std::move(writer).Take(), ClaimLabel(scope)};
}

std::string PeriodKeyLabel(const Scope& scope) {
  return Label(scope, "period");
}

KeyName PeriodKeyName(const Scope& scope, const PeriodKeyId& id) {
  Writer writer = Id("labrec-p", scope);
  writer.U64(id.number).U64(id.made_at_ms).Raw(id.nonce);
  return {std::move(writer).Take(), PeriodKeyLabel(scope)};
}

std::optional<PeriodKeyId> ParsePeriodKeyId(const Scope& scope, ByteView id) {
  const Writer prefix = Id("labrec-p", scope);
  Reader reader(id);
  if (!SameBytes(reader.Raw(prefix.bytes().size()), prefix.bytes())) return std::nullopt;
  PeriodKeyId parsed;
  parsed.number = reader.U64();
  parsed.made_at_ms = reader.U64();
  const ByteView nonce = reader.Raw(parsed.nonce.size());
  if (!reader.AtEnd()) return std::nullopt;
  std::copy(nonce.begin(), nonce.end(), parsed.nonce.begin());
  return parsed;
}

}  // namespace labrec::hsm::pkcs11
