#include "pin/record_keys.h"

#include <cstdlib>

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"
#include "pin/oprf/oprf.h"

namespace labrec::pin {

Bytes RecordDerivationInput(ByteView realm_id, std::string_view tenant, std::string_view account,
                            std::string_view record, uint32_t version, ByteView nonce) {
  if (realm_id.size() != kRealmIdSize || nonce.size() != kRecordNonceSize) std::abort();
  Writer input;
  input.Raw("record").Lp(realm_id).Lp(tenant).Lp(account).Lp(record).U32(version).Raw(nonce);
  return std::move(input).Take();
}

P256Scalar RecordTweak(const SecretBytes& d) {
  return OprfHashToScalar(HkdfExpand(d.view(), AsBytes("tweak"), 32).view());
}

SecretBytes SealKey(const SecretBytes& d) {
  return HkdfExpand(d.view(), AsBytes("seal"), 32);
}

}  // namespace labrec::pin
