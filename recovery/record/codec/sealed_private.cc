#include "recovery/record/codec/sealed_private.h"

#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"

namespace labrec::recovery {
namespace {

constexpr std::string_view kLabel = "labyrinth-recovery/v1/private";
constexpr std::string_view kAnswerLabel = "labyrinth-recovery/v1/answer";
constexpr uint32_t kFirstSchema = 1;
constexpr uint32_t kSchema = 2;

Writer Scope(std::string_view label, ByteView realm_id, const RecordName& name, uint32_t version,
             uint32_t schema) {
  Writer writer;
  writer.Lp(label).Lp(realm_id).Lp(name.tenant).Lp(name.account).Lp(name.record).U32(version).U32(schema);
  return writer;
}

Bytes FirstScope(std::string_view label, ByteView realm_id, const RecordName& name, uint32_t version) {
  return Scope(label, realm_id, name, version, kFirstSchema).Take();
}

// Of a version that has an unlock key, as every usable one does.
Bytes PrivateScope(ByteView realm_id, const RecordName& name, const RecordVersion& version) {
  Writer writer = Scope(kLabel, realm_id, name, version.number, kSchema);
  writer.Raw(Sha256(version.config)).Lp(version.unlock_key->Spki()).U32(version.guess_limit);
  writer.Lp(version.registered_by ? ByteView(*version.registered_by) : ByteView());
  return std::move(writer).Take();
}

}  // namespace

Bytes SealPrivate(const SecretBytes& d, ByteView realm_id, const RecordName& name,
                  const RecordVersion& version, ByteView plaintext) {
  return AeadSeal(pin::SealKey(d).view(), plaintext, PrivateScope(realm_id, name, version));
}

absl::StatusOr<SecretBytes> OpenPrivate(const SecretBytes& seal_key, ByteView realm_id,
                                        const RecordName& name, const RecordVersion& version) {
  absl::StatusOr<SecretBytes> opened =
      AeadOpen(seal_key.view(), version.sealed_private, PrivateScope(realm_id, name, version));
  if (opened.ok()) return opened;
  return AeadOpen(seal_key.view(), version.sealed_private,
                  FirstScope(kLabel, realm_id, name, version.number));
}

Bytes SealAnswer(const SecretBytes& d, ByteView realm_id, const RecordName& name, uint32_t version,
                 const Digest& element, const P256Point& answer) {
  Bytes associated = FirstScope(kAnswerLabel, realm_id, name, version);
  associated.insert(associated.end(), element.begin(), element.end());
  return AeadSeal(pin::SealKey(d).view(), answer.Compressed(), associated);
}

absl::StatusOr<P256Point> OpenAnswer(const SecretBytes& d, ByteView realm_id, const RecordName& name,
                                     uint32_t version, const CountedAnswer& answer) {
  Bytes associated = FirstScope(kAnswerLabel, realm_id, name, version);
  associated.insert(associated.end(), answer.element.begin(), answer.element.end());
  LABREC_ASSIGN_OR_RETURN(const SecretBytes point,
                          AeadOpen(pin::SealKey(d).view(), answer.sealed, associated));
  return P256Point::ParseCompressed(point.view());
}

}  // namespace labrec::recovery
