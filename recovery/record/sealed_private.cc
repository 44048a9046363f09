#include "recovery/record/sealed_private.h"

#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"

namespace labrec::recovery {
namespace {

constexpr std::string_view kLabel = "labyrinth-recovery/v1/private";
constexpr std::string_view kAnswerLabel = "labyrinth-recovery/v1/answer";
constexpr uint32_t kSchemaVersion = 1;

Bytes AssociatedData(std::string_view label, ByteView realm_id, const RecordName& name, uint32_t version) {
  return std::move(Writer()
                       .Lp(label)
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
  return AeadSeal(pin::SealKey(d).view(), plaintext, AssociatedData(kLabel, realm_id, name, version));
}

absl::StatusOr<SecretBytes> OpenPrivate(const SecretBytes& d, ByteView realm_id, const RecordName& name,
                                        uint32_t version, ByteView sealed) {
  return AeadOpen(pin::SealKey(d).view(), sealed, AssociatedData(kLabel, realm_id, name, version));
}

Bytes SealAnswer(const SecretBytes& d, ByteView realm_id, const RecordName& name, uint32_t version,
                 const Digest& element, const P256Point& answer) {
  Bytes associated = AssociatedData(kAnswerLabel, realm_id, name, version);
  associated.insert(associated.end(), element.begin(), element.end());
  return AeadSeal(pin::SealKey(d).view(), answer.Compressed(), associated);
}

absl::StatusOr<P256Point> OpenAnswer(const SecretBytes& d, ByteView realm_id, const RecordName& name,
                                     uint32_t version, const CountedAnswer& answer) {
  Bytes associated = AssociatedData(kAnswerLabel, realm_id, name, version);
  associated.insert(associated.end(), answer.element.begin(), answer.element.end());
  LABREC_ASSIGN_OR_RETURN(const SecretBytes point,
                          AeadOpen(pin::SealKey(d).view(), answer.sealed, associated));
  return P256Point::ParseCompressed(point.view());
}

}  // namespace labrec::recovery
