#include "recovery/labyrinth/epoch/epoch.h"

#include <algorithm>

#include "hsm/base/encoding.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/secret_join.h"

namespace labrec::recovery::labyrinth {

SecretBytes Epoch::Derive(std::string_view label) const {
  return Hkdf(root_.view(), {}, Writer().Lp(label).bytes(), 32);
}

SecretBytes Epoch::DataStorageKey() const {
  return Derive(kLabelDataStorage);
}
SecretBytes Epoch::DeviceMacKey() const {
  return Derive(kLabelDeviceMac);
}
SecretBytes Epoch::NextPsk() const {
  return Derive(kLabelPsk);
}

SecretBytes Epoch::ThreadKey(std::string_view thread) const {
  return Hkdf(root_.view(), {}, Writer().Lp(kLabelThread).Lp(thread).bytes(), 32);
}

Bytes Epoch::NextPskId() const {
  return Writer().Lp(kLabelPsk).U64(sequence_).Raw(id_).bytes();
}

SecretBytes Epoch::NextRoot(ByteView entropy) const {
  return Hkdf(entropy, Derive(kLabelChaining).view(), Writer().Lp(kLabelRoot).bytes(), 32);
}

Floor Epoch::GetFloor() const {
  const SecretBytes digest = Hkdf(root_.view(), opening_hash_, Writer().Lp(kLabelEpochFloor).bytes(), 32);
  Floor floor{sequence_, {}};
  std::copy_n(digest.data(), floor.digest.size(), floor.digest.begin());
  return floor;
}

SecretBytes Epoch::SecretEncoding() const {
  const Bytes sequence = Writer().U64(sequence_).bytes();
  return Join({sequence, id_, opening_hash_, root_.view()});
}

std::optional<Epoch> Epoch::Decode(ByteView encoding) {
  if (encoding.size() != kEncodedSize) return std::nullopt;
  Reader reader(encoding);
  const uint64_t sequence = reader.U64();
  const EpochId id = *ParseId(reader.Raw(16));
  Digest opening_hash;
  std::ranges::copy(reader.Raw(opening_hash.size()), opening_hash.begin());
  return Epoch(sequence, id, opening_hash, SecretBytes::CopyOf(reader.Raw(32)));
}

}  // namespace labrec::recovery::labyrinth
