#include "recovery/store/sealed/opened_bucket.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

constexpr char kMagic[] = "LRSB";
constexpr uint8_t kFormat = 1;
constexpr size_t kHeaderSize = 4 + 1 + 8 + 8;
constexpr size_t kRowSize = OpenedBucket::kEntrySize + kRowKeySize;

Bytes AssociatedData(ByteView header, uint32_t bucket) {
  Writer writer;
  writer.Lp("labyrinth-recovery/v1/sealed-bucket").U32(bucket).Raw(header);
  return std::move(writer).Take();
}

}  // namespace

// An open directory has whole entries of 64 bytes; a sealed one never has such a length.
bool IsSealed(ByteView stored) {
  if (stored.size() < kHeaderSize + kAeadOverhead) return false;
  return (stored.size() - kHeaderSize - kAeadOverhead) % kRowSize == 0 &&
         AsText(stored.first(4)) == std::string_view(kMagic);
}

absl::StatusOr<SealedUnder> ReadSealedUnder(ByteView stored) {
  if (!IsSealed(stored)) return absl::InvalidArgumentError("it is not sealed");
  Reader reader(stored.subspan(4));
  if (const uint8_t format = reader.U8(); format != kFormat) {
    return absl::InvalidArgumentError(
        absl::StrCat("a sealed directory has format ", format, ": a later release wrote it"));
  }
  SealedUnder under;
  under.number = reader.U64();
  std::ranges::copy(reader.Raw(under.nonce.size()), under.nonce.begin());
  return under;
}

OpenedBucket::OpenedBucket(ByteView directory, ByteView keys)
    : text_(SecretBytes::Concat({directory, keys})) {}

OpenedBucket OpenedBucket::OfOpen(ByteView directory) {
  return OpenedBucket(directory, Bytes(directory.size() / kEntrySize * kRowKeySize));
}

absl::StatusOr<OpenedBucket> OpenedBucket::Open(ByteView stored, uint32_t bucket,
                                                const SecretBytes& bucket_key) {
  LABREC_RETURN_IF_ERROR(ReadSealedUnder(stored).status());
  LABREC_ASSIGN_OR_RETURN(SecretBytes text, AeadOpen(bucket_key.view(), stored.subspan(kHeaderSize),
                                                     AssociatedData(stored.first(kHeaderSize), bucket)));
  return OpenedBucket(std::move(text));
}

Bytes OpenedBucket::Seal(const hsm::PeriodKeyId& id, uint32_t bucket, const SecretBytes& bucket_key) const {
  Writer writer;
  writer.Raw(std::string_view(kMagic)).U8(kFormat).U64(id.number).Raw(id.nonce);
  const Bytes associated = AssociatedData(writer.bytes(), bucket);
  writer.Raw(AeadSeal(bucket_key.view(), text_.view(), associated));
  return std::move(writer).Take();
}

bool OpenedBucket::is_open(size_t row) const {
  return std::ranges::all_of(key(row), [](uint8_t byte) { return byte == 0; });
}

std::optional<size_t> OpenedBucket::Find(const Digest& row_key) const {
  size_t first = 0;
  for (size_t last = rows(); first < last;) {
    const size_t middle = first + (last - first) / 2;
    const ByteView there = entry(middle).first(row_key.size());
    if (std::ranges::equal(there, row_key)) return middle;
    if (std::ranges::lexicographical_compare(there, row_key)) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return std::nullopt;
}

void OpenedBucket::SetKey(size_t row, const SecretBytes& key) {
  std::ranges::copy(key.view(), text_.mutable_view().begin() +
                                    static_cast<ptrdiff_t>(rows() * kEntrySize + row * kRowKeySize));
}

}  // namespace labrec::recovery
