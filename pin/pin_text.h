#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"

namespace labrec::pin {

// What a person typed, as the bytes that all clients take for the PIN (docs/protocol.md, "The bytes of a
// PIN"): decimal digits of any script, full-width ones too, are the ASCII digits; the text is in Unicode's
// form NFC. The end of the line is not part of `typed`.
//
// INVALID_ARGUMENT, and no guess is to be spent: an empty PIN; more than 1024 bytes; what is no UTF-8;
// characters that nobody sees or means to type (controls, so escape sequences and marks of a paste;
// byte-order marks and other format characters but the joiners of scripts and emoji; line and paragraph
// separators), that have no meaning outside of one machine (private use), or that this version of Unicode
// does not know. The message names the kind and never the character. Pure; any thread.
absl::StatusOr<SecretBytes> NormalizePin(ByteView typed);

}  // namespace labrec::pin
