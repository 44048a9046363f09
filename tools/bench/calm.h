#pragma once

#include "absl/status/statusor.h"

#include "tools/bench/bench_realm.h"
#include "tools/bench/output.h"

namespace labrec::bench {

// How often the realm's device anchors for each thing that one person's client does while nobody else calls,
// by name, and for a start; the daemon is started once more for it. What wears a chip out.
absl::StatusOr<Json> AnchorsInCalm(BenchRealm& realm);

}  // namespace labrec::bench
