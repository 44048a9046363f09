#include "hsm/pkcs11/derivation_key.h"

#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/anchor/state.h"
#include "hsm/pkcs11/token/primitives.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr size_t kLongestMessage = 1024;

}  // namespace

absl::StatusOr<SecretBytes> Pkcs11DerivationKey::Derive(ByteView message) {
  if (message.size() > kLongestMessage) {
    return absl::InvalidArgumentError("a message for the derivation key has at most 1024 bytes");
  }
  return connection_.Run(
      [&](const Connection::Work& work) { return Hmac(work.session, work.keys.derivation.handle, message); });
}

absl::StatusOr<Bytes> DerivationCheck(const Session& session, TokenObject key, ByteView realm_id) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes mac, Hmac(session, key.handle, DerivationCheckMessage(realm_id)));
  return ToBytes(mac.view().first(kDerivationCheckSize));
}

}  // namespace labrec::hsm::pkcs11
