#include "hsm/counted_key.h"

#include "hsm/base/encoding.h"

namespace labrec::hsm {
namespace {

constexpr char kMagic[] = "LRCK";
constexpr uint8_t kVersion = 1;
constexpr size_t kCreationHashSize = 32;

}  // namespace

Bytes Encode(const CountedKey& key) {
  Writer out;
  out.Raw(kMagic).U8(kVersion).U32(key.index);
  out.Lp(key.unlock_key).Lp(key.index_public).Lp(key.key_public).Lp(key.key_private);
  out.Lp(key.creation_hash).Lp(key.creation_ticket);
  return std::move(out).Take();
}

absl::StatusOr<CountedKey> DecodeCountedKey(ByteView bytes) {
  Reader in(bytes);
  const bool known = SameBytes(in.Raw(4), AsBytes(kMagic)) && in.U8() == kVersion;
  CountedKey key;
  key.index = in.U32();
  for (Bytes* field : {&key.unlock_key, &key.index_public, &key.key_public, &key.key_private,
                       &key.creation_hash, &key.creation_ticket}) {
    *field = ToBytes(in.Lp());
  }
  if (!known || !in.AtEnd() || key.creation_hash.size() != kCreationHashSize) {
    return absl::InvalidArgumentError("not a counted key of a known format");
  }
  return key;
}

}  // namespace labrec::hsm
