#include "recovery/ledger/checked_read.h"

#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

absl::Status Mismatch(const std::string& what) {
  return absl::DataLossError(absl::StrCat(what, ": storage was edited or is damaged; ", kRemedy));
}

std::string RowName(const RowAddress& address) {
  return absl::StrCat("row ", Hex(address.key), " of bucket ", address.bucket);
}

}  // namespace

absl::StatusOr<BucketDirectory> ReadCheckedDirectory(Store& store, uint32_t bucket, const Digest& digest) {
  LABREC_ASSIGN_OR_RETURN(const Bytes bytes, store.ReadDirectory(bucket));
  if (BucketDigest(bucket, bytes) != digest) {
    return Mismatch(absl::StrCat("the directory of bucket ", bucket, " is not the one the ledger knows"));
  }
  absl::StatusOr<BucketDirectory> directory = BucketDirectory::Parse(bytes);
  if (!directory.ok()) return Mismatch(absl::StrCat("bucket ", bucket, ": ", directory.status().message()));
  return directory;
}

absl::StatusOr<std::optional<Bytes>> ReadCheckedRow(Store& store, const RowAddress& address,
                                                    const BucketDirectory& directory) {
  const std::optional<Digest> expected = directory.Find(address.key);
  if (!expected.has_value()) return std::nullopt;
  LABREC_ASSIGN_OR_RETURN(std::optional<Bytes> content, store.ReadRow(address));
  if (!content.has_value()) return Mismatch(absl::StrCat(RowName(address), " is missing"));
  if (Sha256(*content) != *expected) {
    return Mismatch(absl::StrCat(RowName(address), " does not hold what the ledger knows"));
  }
  return content;
}

}  // namespace labrec::recovery
