#include "pin/sharing/commitment.h"

#include <algorithm>
#include <cstdlib>

#include "hsm/base/encoding.h"

namespace labrec::pin {
namespace {

SecretBytes CommitBytes(const SecretBytes& s, const Digest& config_digest) {
  Writer info;
  info.Raw("labyrinth-recovery/v1/commit").Raw(config_digest);
  return Hkdf(s.view(), {}, info.bytes(), sizeof(Digest));
}

}  // namespace

Digest Commit(const SecretBytes& s, const Digest& config_digest) {
  const SecretBytes bytes = CommitBytes(s, config_digest);
  Digest commitment;
  std::copy_n(bytes.data(), commitment.size(), commitment.begin());
  return commitment;
}

bool FitsCommitment(const SecretBytes& s, const Digest& config_digest, ByteView commitment) {
  return CommitBytes(s, config_digest).Equals(commitment);
}

SecretBytes EncryptionKey(const SecretBytes& s, const Digest& config_digest) {
  Writer info;
  info.Raw("labyrinth-recovery/v1/enc").Raw(config_digest);
  return Hkdf(s.view(), {}, info.bytes(), 32);
}

EcdsaPrivateKey UnlockKey(const SecretBytes& s, ByteView realm_id, uint32_t version) {
  if (realm_id.size() != 16) std::abort();
  Writer info;
  info.Raw("labyrinth-recovery/v1/unlock").Raw(realm_id).U32(version);
  return EcdsaPrivateKey::FromScalar(
      P256Scalar::ReduceToNonZero(Hkdf(s.view(), {}, info.bytes(), 48).view()));
}

}  // namespace labrec::pin
