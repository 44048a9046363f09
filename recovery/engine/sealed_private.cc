#include "recovery/engine/sealed_private.h"

#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "pin/record_keys.h"

namespace labrec::recovery {
namespace {

constexpr std::string_view kLabel = "labyrinth-recovery/v1/private";
constexpr uint32_t kSchemaVersion = 1;

Bytes AssociatedData(ByteView realm_id, const RecordName& name, uint32_t version) {
  return std::move(Writer()
                       .Lp(kLabel)
                       .Lp(realm_id)
                       .Lp(name.tenant)
                       .Lp(name.account)
                       .Lp(name.record)
                       .U32(version)
                       .U32(kSchemaVersion))
      .Take();
}

}  // namespace

Bytes SealPrivate(const SecretBytes& d, ByteView realm_id, const RecordName& name, uint32_t version,
                  ByteView plaintext) {
  return AeadSeal(pin::SealKey(d).view(), plaintext, AssociatedData(realm_id, name, version));
}

absl::StatusOr<SecretBytes> OpenPrivate(const SecretBytes& d, ByteView realm_id, const RecordName& name,
                                        uint32_t version, ByteView sealed) {
  return AeadOpen(pin::SealKey(d).view(), sealed, AssociatedData(realm_id, name, version));
}

}  // namespace labrec::recovery
