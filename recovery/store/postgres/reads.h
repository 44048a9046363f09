#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/store/postgres/link/connection.h"
#include "recovery/store/store.h"

namespace labrec::recovery::postgres {

// The statements that read, prepared on a connection that is new.
absl::Status PrepareReads(Connection& connection);

absl::StatusOr<std::optional<HeadRow>> HeadFrom(const Result& result);
absl::StatusOr<Result> AskHead(Connection& connection);

// Each row of the answer says which of those asked for it is; one that is missing has none.
absl::StatusOr<Result> AskRows(Connection& connection, std::span<const RowAddress> addresses);
std::vector<std::optional<Bytes>> RowsFrom(const Result& result, size_t asked);
absl::StatusOr<Result> AskDirectories(Connection& connection, std::span<const uint32_t> buckets);
std::vector<Bytes> DirectoriesFrom(const Result& result, size_t asked);

// As Store's scans, as of one moment. The connection cannot be used again after an error of `visit`.
absl::Status ScanDigests(Connection& connection,
                         const std::function<absl::Status(uint32_t, const Digest&)>& visit);
absl::Status ScanRows(Connection& connection, const std::optional<RowAddress>& after,
                      const Store::RowVisit& visit);

}  // namespace labrec::recovery::postgres
