#include "recovery/client/c/operation.h"
#include "recovery/client/c/views.h"
#include "recovery/client/report/failure_kind.h"

namespace labrec::recovery::client::c {
namespace {

static_assert(static_cast<int>(RealmCondition::kGood) == LRC_REALM_GOOD);
static_assert(static_cast<int>(RealmCondition::kLocked) == LRC_REALM_LOCKED);
static_assert(static_cast<int>(RealmCondition::kRefused) == LRC_REALM_REFUSED);
static_assert(static_cast<int>(RealmCondition::kLate) == LRC_REALM_LATE);
static_assert(static_cast<int>(FailureKind::kTooFewRealms) + 1 == LRC_FAILURE_TOO_FEW_REALMS);
static_assert(static_cast<int>(FailureKind::kContended) + 1 == LRC_FAILURE_CONTENDED);
static_assert(static_cast<int>(FailureKind::kOther) + 1 == LRC_FAILURE_OTHER);
static_assert(static_cast<int>(FailureKind::kAnotherRealm) + 1 == LRC_FAILURE_ANOTHER_REALM);

lrc_failure FailureOf(const absl::Status& status) {
  if (status.ok()) return LRC_FAILURE_NONE;
  return static_cast<lrc_failure>(static_cast<int>(FailureKindOf(status)) + 1);
}

int32_t Remaining(std::optional<uint32_t> remaining) {
  return remaining ? static_cast<int32_t>(*remaining) : -1;
}

}  // namespace
}  // namespace labrec::recovery::client::c

extern "C" {

namespace c = labrec::recovery::client::c;
namespace client = labrec::recovery::client;

int lrc_op_result(const lrc_op* op, lrc_result* to) noexcept {
  const c::Outcome& outcome = op->outcome;
  if (outcome.kind == LRC_OUTCOME_NONE) return 0;
  *to = {};
  to->outcome = outcome.kind;
  to->failure = c::FailureOf(outcome.status);
  to->code = static_cast<lrc_code>(outcome.status.code());
  to->message = outcome.message.c_str();
  if (outcome.recovered != nullptr) to->secret = c::ViewOf(outcome.recovered->secret.view());
  to->version = outcome.version;
  to->threshold = outcome.threshold;
  to->holders = outcome.holders;
  to->guess_limit = outcome.guess_limit;
  to->tries_left = outcome.tries_left;
  to->active_version = outcome.active_version;
  to->locked_until_ms = outcome.locked_until_ms;
  to->complete = outcome.complete ? 1 : 0;
  to->pin_is_known = outcome.pin_is_known ? 1 : 0;
  return 1;
}

int lrc_op_realm(const lrc_op* op, size_t realm, lrc_realm_report* to) noexcept {
  const c::Outcome& outcome = op->outcome;
  if (realm >= outcome.reports.size()) return 0;
  const client::RealmReport& report = outcome.reports[realm];
  *to = {};
  to->condition = static_cast<lrc_condition>(report.condition);
  to->code = static_cast<lrc_code>(report.error.code());
  to->message = outcome.messages[realm].c_str();
  to->remaining = c::Remaining(report.remaining);
  to->locked_until_ms = report.locked_until_ms;
  to->counted_by_chip = realm < outcome.by_chip.size() && outcome.by_chip[realm] ? 1 : 0;
  to->chip_uses = report.chip ? static_cast<int32_t>(report.chip->counted) : -1;
  to->unexplained = report.chip ? report.chip->unexplained : 0;
  to->proven = op->account[realm].proven_tls_key.has_value() ? 1 : 0;
  return 1;
}

int lrc_op_version(const lrc_op* op, size_t realm, size_t index, lrc_version* to) noexcept {
  const auto& versions = op->outcome.versions;
  if (realm >= versions.size() || index >= versions[realm].size()) return 0;
  const client::VersionStatus& version = versions[realm][index];
  to->version = version.version;
  to->pending = version.stage == client::OfferStage::kPending ? 1 : 0;
  to->remaining = c::Remaining(version.remaining);
  to->registered_by = c::ViewOf(version.registered_by);
  return 1;
}

int lrc_op_floor(const lrc_op* op, size_t index, lrc_floor* to) noexcept {
  const auto& floors = op->outcome.floors;
  if (index >= floors.size()) return 0;
  to->realm = floors[index].realm.c_str();
  to->sequence = floors[index].sequence;
  to->digest = c::ViewOf(floors[index].digest);
  to->device = c::ViewOf(op->outcome.floor_devices[index]);
  return 1;
}

}  // extern "C"
