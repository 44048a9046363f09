#include "recovery/ledger/head.h"

#include "hsm/base/encoding.h"

namespace labrec::recovery {

Digest HeadDigest(const HeadRow& head) {
  Writer writer;
  writer.Lp("labyrinth-recovery/v1/head").Lp(head.realm_id).U32(head.bucket_exponent).U64(head.epoch);
  writer.Raw(head.root).U64(head.records).U64(head.discontinuities);
  return Sha256(writer.bytes());
}

}  // namespace labrec::recovery
