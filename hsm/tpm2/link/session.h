#pragma once

#include "absl/status/statusor.h"

#include "hsm/tpm2/link/handle.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// Which parameters of a command cross the bus encrypted. Only a first parameter that is a TPM2B can be
// (part 1, section 21); asking for more makes ESAPI refuse the call.
enum class Encrypt { kNeither, kCommand, kResponse, kBoth };

// A salted HMAC session with AES-128-CFB parameter encryption (part 1, sections 19.6 and 21): the session
// key comes from a salt sent under the TPM's storage key, so whoever only listens to or alters the bus can
// neither read parameters nor forge answers. It stays loaded until released, and authorises with the
// authorisation value set on each handle.
//
// Promised only if the caller checked the salt key's Name against a pinned one first.
class Session {
 public:
  static absl::StatusOr<Session> StartHmac(Context& context, ESYS_TR salt_key);
  // Without a salt, for the one time when no salt key exists yet: proves knowledge of an authorisation value
  // without showing it, but somebody who records the bus can try values offline. It encrypts nothing.
  static absl::StatusOr<Session> StartUnsaltedHmac(Context& context);

  // The session for the next command, set to encrypt what `what` says.
  ESYS_TR For(Encrypt what) const;

 private:
  Session(Context& context, SessionHandle handle) : context_(&context), handle_(std::move(handle)) {}
  Context* context_;
  SessionHandle handle_;
};

}  // namespace labrec::hsm::tpm2
