#include "hsm/tpm2/realm/key_use.h"

#include "hsm/tpm2/link/commands.h"

namespace labrec::hsm::tpm2 {
namespace {

template <typename Command>
auto Use(LoadedRealm& realm, const Command& command) -> decltype(command(ESYS_TR())) {
  if (realm.pcr_authorization) return realm.pcr_authorization->Run(command);
  return command(realm.session->For(Encrypt::kBoth));
}

}  // namespace

absl::StatusOr<P256Point> UseEvaluationKey(LoadedRealm& realm, const P256Point& element) {
  return Use(realm, [&](ESYS_TR session) {
    return Multiply(*realm.context, session, realm.evaluation_key.esys(), element);
  });
}

absl::StatusOr<SecretBytes> UseHmacKey(LoadedRealm& realm, ByteView message) {
  return Use(realm,
             [&](ESYS_TR session) { return Hmac(*realm.context, session, realm.hmac_key.esys(), message); });
}

}  // namespace labrec::hsm::tpm2
