#include "recovery/ledger/checked_read.h"

#include <string>
#include <utility>

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

absl::StatusOr<BucketDirectory> CheckDirectory(uint32_t bucket, const Bytes& bytes, const Digest& digest) {
  if (BucketDigest(bucket, bytes) != digest) {
    return Mismatch(absl::StrCat("the directory of bucket ", bucket, " is not the one the ledger knows"));
  }
  absl::StatusOr<BucketDirectory> directory = BucketDirectory::Parse(bytes);
  if (!directory.ok()) return Mismatch(absl::StrCat("bucket ", bucket, ": ", directory.status().message()));
  return directory;
}

}  // namespace

absl::StatusOr<BucketDirectory> ReadCheckedDirectory(Store& store, uint32_t bucket, const Digest& digest) {
  LABREC_ASSIGN_OR_RETURN(const Bytes bytes, store.ReadDirectory(bucket));
  return CheckDirectory(bucket, bytes, digest);
}

absl::StatusOr<std::vector<BucketDirectory>> ReadCheckedDirectories(Store& store,
                                                                    std::span<const uint32_t> buckets,
                                                                    std::span<const Digest> digests) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<Bytes> all, store.ReadDirectories(buckets));
  std::vector<BucketDirectory> directories;
  for (size_t i = 0; i < buckets.size(); ++i) {
    LABREC_ASSIGN_OR_RETURN(BucketDirectory directory, CheckDirectory(buckets[i], all[i], digests[i]));
    directories.push_back(std::move(directory));
  }
  return directories;
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
