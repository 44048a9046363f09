#include "recovery/client/report/realm_refusal.h"

#include "absl/strings/cord.h"

namespace labrec::recovery::client {
namespace {

constexpr char kRefusedByRealm[] = "labyrinth-recovery/refused-by-realm";

}  // namespace

absl::Status RefusedByRealm(absl::Status status) {
  status.SetPayload(kRefusedByRealm, absl::Cord());
  return status;
}

bool IsRefusedByRealm(const absl::Status& status) {
  return status.GetPayload(kRefusedByRealm).has_value();
}

}  // namespace labrec::recovery::client
