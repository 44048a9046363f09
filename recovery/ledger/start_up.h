#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/freshness_anchor.h"
#include "recovery/ledger/merkle.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// The head, if it is one of this realm that a ledger can work with. FAILED_PRECONDITION: none there, another
// realm's, or an unfinished rebuild; DATA_LOSS: impossible values.
absl::StatusOr<HeadRow> ReadRealmHead(Store& store, ByteView realm_id);
absl::StatusOr<HeadRow> CheckRealmHead(std::optional<HeadRow> head, ByteView realm_id);

// OK for a head that is fresh or one ahead; DATA_LOSS with what is wrong, by how many epochs, and what to do.
absl::Status ExplainFreshness(const HeadRow& head, const hsm::FreshnessReport& report);

// The tree over the stored bucket digests. DATA_LOSS unless its root is the head's; the message names the
// buckets whose digest does not fit their directory.
absl::StatusOr<MerkleTree> LoadTree(Store& store, const HeadRow& head);

// The tree over the stored bucket digests, whatever its root.
absl::StatusOr<MerkleTree> LoadTreeUnchecked(Store& store, uint32_t bucket_exponent);

}  // namespace labrec::recovery
