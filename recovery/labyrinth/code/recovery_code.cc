#include "recovery/labyrinth/code/recovery_code.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/code/code_correction.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr std::string_view kAlphabet = "ACDEFHJKLMNPQRSTUVWXYZ0123456789";
static_assert(kAlphabet.size() == 32 && RecoveryCode::kLength == kCodeLength);
constexpr size_t kEntropyAt = 2;
constexpr size_t kEntropyLength = 34;
constexpr size_t kGroup = 5;

absl::Status Refused(Reason reason, std::string_view message) {
  return Failure(absl::StatusCode::kInvalidArgument, reason, message);
}

// The symbol that a typed character means, or 32.
uint8_t SymbolOf(char typed) {
  if (typed >= 'a' && typed <= 'z') typed = static_cast<char>(typed - 'a' + 'A');
  constexpr std::string_view kLookalikes = "BGIO";
  constexpr std::string_view kMeant = "8C10";
  if (const size_t at = kLookalikes.find(typed); at != std::string_view::npos) typed = kMeant[at];
  return static_cast<uint8_t>(std::min(kAlphabet.find(typed), kAlphabet.size()));
}

std::span<uint8_t, kCodeLength> WordOf(SecretBytes& symbols) {
  return std::span<uint8_t, kCodeLength>(symbols.data(), kCodeLength);
}

// 40 symbols, or why the text is no code at all. Messages name positions, never characters.
absl::StatusOr<SecretBytes> ReadSymbols(ByteView typed) {
  SecretBytes symbols = SecretBytes::OfSize(kCodeLength);
  size_t count = 0;
  for (const uint8_t byte : typed) {
    const char character = static_cast<char>(byte);
    if (character == '-' || character == ' ' || character == '\n' || character == '\r') continue;
    const uint8_t symbol = SymbolOf(character);
    if (symbol == kAlphabet.size()) {
      return Refused(Reason::kMalformed, "character " + std::to_string(count + 1) +
                                             " of the recovery code is no letter or digit of such codes");
    }
    if (count < kCodeLength) symbols.data()[count] = symbol;
    ++count;
  }
  if (count != kCodeLength) {
    return Refused(Reason::kMalformed,
                   "a recovery code has 40 characters besides dashes; this one has " + std::to_string(count));
  }
  return symbols;
}

bool HasOurVersion(std::span<const uint8_t, kCodeLength> symbols) {
  return kAlphabet[symbols[0]] == RecoveryCode::kVersion;
}

absl::Status WrongVersion() {
  return Refused(Reason::kWrongVersion,
                 "the recovery code is of a version that this program does not know; use a newer one");
}

}  // namespace

RecoveryCode RecoveryCode::Generate(char identifier) {
  const size_t identifier_symbol = kAlphabet.find(identifier);
  if (identifier_symbol == std::string_view::npos) std::abort();
  SecretBytes symbols = SecretBytes::Random(kCodeLength);
  for (uint8_t& symbol : symbols.mutable_view()) symbol &= 31;
  symbols.data()[0] = static_cast<uint8_t>(kAlphabet.find(kVersion));
  symbols.data()[1] = static_cast<uint8_t>(identifier_symbol);
  FillCheckSymbols(WordOf(symbols));
  return FromSymbols(WordOf(symbols));
}

RecoveryCode RecoveryCode::FromSymbols(std::span<const uint8_t, kLength> symbols) {
  SecretBytes text = SecretBytes::OfSize(kLength);
  for (size_t i = 0; i < kLength; ++i) text.data()[i] = static_cast<uint8_t>(kAlphabet[symbols[i]]);
  return RecoveryCode(std::move(text));
}

absl::StatusOr<RecoveryCode> RecoveryCode::Parse(ByteView typed) {
  LABREC_ASSIGN_OR_RETURN(SecretBytes symbols, ReadSymbols(typed));
  if (!IsCodeWord(WordOf(symbols))) {
    return Refused(Reason::kUnknownCode, "the recovery code has a wrong character; check it");
  }
  if (!HasOurVersion(WordOf(symbols))) return WrongVersion();
  return FromSymbols(WordOf(symbols));
}

absl::StatusOr<MendedCode> RecoveryCode::Mend(ByteView typed, const AccountName& account,
                                              std::span<const MemberId> known) {
  LABREC_ASSIGN_OR_RETURN(SecretBytes symbols, ReadSymbols(typed));
  const bool our_version = HasOurVersion(WordOf(symbols));
  VirtualDeviceSecrets secrets;
  const auto is_known = [&](CodeWord candidate) {
    if (!HasOurVersion(candidate)) return false;
    secrets = FromSymbols(candidate).Derive(account);
    return std::find(known.begin(), known.end(), secrets.id) != known.end();
  };
  size_t corrected = 0;
  if (!MendCodeWord(WordOf(symbols), is_known, &corrected)) {
    if (!our_version) return WrongVersion();
    return Refused(
        Reason::kUnknownCode,
        "no recovery code of this account is within 3 characters of this one; check it, and the account");
  }
  return MendedCode{FromSymbols(WordOf(symbols)), std::move(secrets), corrected};
}

VirtualDeviceSecrets RecoveryCode::Derive(const AccountName& account) const {
  Writer info = Bound(kLabelVirtualDevice, account);
  info.Raw(text_.view().first(kEntropyAt));
  const SecretBytes both = Hkdf(text_.view().subspan(kEntropyAt, kEntropyLength), {}, info.bytes(), 48);
  return {*ParseId(both.view().first(16)), SecretBytes::CopyOf(both.view().last(32))};
}

SecretBytes RecoveryCode::Grouped() const {
  SecretBytes grouped = SecretBytes::OfSize(kLength + kLength / kGroup - 1);
  size_t at = 0;
  for (size_t i = 0; i < kLength; ++i) {
    if (i != 0 && i % kGroup == 0) grouped.data()[at++] = '-';
    grouped.data()[at++] = text_.data()[i];
  }
  return grouped;
}

}  // namespace labrec::recovery::labyrinth
