#include "recovery/record/request.h"

namespace labrec::recovery {

std::optional<VerifiedSignature> VerifiedSignature::Check(const EcdsaPublicKey& key, ByteView message,
                                                          ByteView signature) {
  if (!key.Verify(message, signature)) return std::nullopt;
  return VerifiedSignature(key);
}

}  // namespace labrec::recovery
