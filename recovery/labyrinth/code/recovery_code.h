#pragma once

#include <span>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "recovery/labyrinth/base/account_name.h"
#include "recovery/labyrinth/base/ids.h"

namespace labrec::recovery::labyrinth {

// What a recovery code stands for on one account.
struct VirtualDeviceSecrets {
  MemberId id;
  SecretBytes key;  // 32 bytes; its bundle is sealed under it
};

struct MendedCode;

// A recovery code: 40 characters of ACDEFHJKLMNPQRSTUVWXYZ0123456789, being the version ("1"), an identifier,
// 34 characters of entropy (170 bits) and 4 of error correction over all others (code_correction.h).
// docs/labyrinth.md, "Recovery code".
class RecoveryCode {
 public:
  static constexpr size_t kLength = 40;
  static constexpr char kVersion = '1';
  // By convention: sealed under a PIN, or written down.
  static constexpr char kForPin = 'P';
  static constexpr char kForPaper = 'W';

  // A fresh code. `identifier` is one of the alphabet's characters (aborts otherwise).
  static RecoveryCode Generate(char identifier);

  // Takes what a person typed, as long as it is right: any case, dashes and spaces anywhere, and B, G, I, O
  // for 8, C, 1, 0. INVALID_ARGUMENT: kMalformed (another length or character), kWrongVersion, or
  // kUnknownCode if the error correction does not fit.
  static absl::StatusOr<RecoveryCode> Parse(ByteView typed);

  // As Parse, and mends up to 3 wrong characters, the version and identifier included: the code is the one
  // whose virtual device is among `known`, which the store lists. The store learns nothing from it and cannot
  // make a wrong code fit: it would have to guess 128 bits of HKDF. INVALID_ARGUMENT, kUnknownCode, if there
  // is none. Some 300 HKDF computations, rarely up to 1,000.
  static absl::StatusOr<MendedCode> Mend(ByteView typed, const AccountName& account,
                                         std::span<const MemberId> known);

  // HKDF(entropy, info = version, identifier, account), 48 bytes.
  VirtualDeviceSecrets Derive(const AccountName& account) const;

  // The 40 characters: what the recovery service keeps under the PIN.
  const SecretBytes& text() const { return text_; }
  // In groups of five, with dashes, to be shown to a person: 47 characters.
  SecretBytes Grouped() const;
  RecoveryCode Clone() const { return RecoveryCode(text_.Clone()); }

 private:
  explicit RecoveryCode(SecretBytes text) : text_(std::move(text)) {}
  static RecoveryCode FromSymbols(std::span<const uint8_t, kLength> symbols);
  SecretBytes text_;
};

struct MendedCode {
  RecoveryCode code;
  VirtualDeviceSecrets secrets;
  size_t corrected;  // how many characters were wrong, 0 to 3
};

}  // namespace labrec::recovery::labyrinth
