#include "recovery/store/sealed/row_sealing.h"

#include <utility>

#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/store/sealed/opened_bucket.h"

namespace labrec::recovery {
namespace {

Bytes PlaceOf(const RowAddress& address) {
  Writer writer;
  writer.Lp("labyrinth-recovery/v1/sealed-row").U32(address.bucket).Raw(address.key);
  return std::move(writer).Take();
}

}  // namespace

SealedRow SealRow(const RowAddress& address, ByteView content) {
  SealedRow sealed{{}, SecretBytes::Random(kRowKeySize)};
  sealed.content = AeadSeal(sealed.key.view(), content, PlaceOf(address));
  return sealed;
}

absl::StatusOr<Bytes> OpenRow(const RowAddress& address, ByteView sealed, ByteView key) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes content, AeadOpen(key, sealed, PlaceOf(address)));
  return ToBytes(content.view());
}

}  // namespace labrec::recovery
