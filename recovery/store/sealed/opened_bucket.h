#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/period_keys.h"

namespace labrec::recovery {

inline constexpr size_t kRowKeySize = 32;

// How a bucket's directory lies on storage (docs/formats.md, "Sealed storage"): with the key of each of its
// rows, under a period key. A directory that is not sealed has another length.
bool IsSealed(ByteView stored);
struct SealedUnder {
  uint64_t number = 0;
  std::array<uint8_t, 8> nonce{};
};
// INVALID_ARGUMENT: it is not sealed, or in a form that this program does not know.
absl::StatusOr<SealedUnder> ReadSealedUnder(ByteView stored);

// A bucket's directory and the keys of its rows. A key of zeros: the row lies open.
class OpenedBucket {
 public:
  // `keys` in the directory's order.
  OpenedBucket(ByteView directory, ByteView keys);
  // DATA_LOSS: it was not sealed so, for this bucket, under this key.
  static absl::StatusOr<OpenedBucket> Open(ByteView stored, uint32_t bucket, const SecretBytes& bucket_key);
  // Of a directory that is not sealed.
  static OpenedBucket OfOpen(ByteView directory);

  Bytes Seal(const hsm::PeriodKeyId& id, uint32_t bucket, const SecretBytes& bucket_key) const;

  size_t rows() const { return text_.size() / (kEntrySize + kRowKeySize); }
  ByteView directory() const { return text_.view().first(rows() * kEntrySize); }
  // The row's key in the ledger || SHA-256 of its content.
  ByteView entry(size_t row) const { return directory().subspan(row * kEntrySize, kEntrySize); }
  ByteView key(size_t row) const {
    return text_.view().subspan(rows() * kEntrySize + row * kRowKeySize, kRowKeySize);
  }
  bool is_open(size_t row) const;
  std::optional<size_t> Find(const Digest& row_key) const;
  void SetKey(size_t row, const SecretBytes& key);

  static constexpr size_t kEntrySize = 64;

 private:
  explicit OpenedBucket(SecretBytes text) : text_(std::move(text)) {}
  SecretBytes text_;  // directory || keys
};

}  // namespace labrec::recovery
