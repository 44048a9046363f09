#pragma once

#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/ledger/bucket.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// What an operator can do about storage that does not hold what it should; ends every such message.
inline constexpr char kRemedy[] =
    "put the latest intact copy back, or see what fits with 'labyrinth-admin anchor verify' and, knowing "
    "that it "
    "lowers every record's remaining guesses, go on with 'labyrinth-admin anchor accept'";

// The directory of a bucket, if it is the one with this digest; DATA_LOSS, naming the bucket, otherwise.
absl::StatusOr<BucketDirectory> ReadCheckedDirectory(Store& store, uint32_t bucket, const Digest& digest);

// Those of many buckets, in the same order; the error is that of the first that does not fit.
absl::StatusOr<std::vector<BucketDirectory>> ReadCheckedDirectories(Store& store,
                                                                    std::span<const uint32_t> buckets,
                                                                    std::span<const Digest> digests);

// The row, if it is the one its directory names; nullopt where the directory names none. DATA_LOSS, naming
// bucket and row, otherwise.
absl::StatusOr<std::optional<Bytes>> ReadCheckedRow(Store& store, const RowAddress& address,
                                                    const BucketDirectory& directory);

}  // namespace labrec::recovery
