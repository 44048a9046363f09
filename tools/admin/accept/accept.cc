#include "tools/admin/accept/accept.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/start_up.h"
#include "recovery/realm/audit_log.h"
#include "tools/admin/accept/accepted_rows.h"
#include "tools/admin/accept/audit_trail.h"
#include "tools/admin/accept/rebuilt_ledger.h"

namespace labrec::admin {
namespace {

using recovery::Durability;

constexpr uint64_t kMostEpochs = uint64_t{1} << 48;  // a thousand a second for nine thousand years

recovery::AuditEvent Event(std::string suffix, std::string detail) {
  return {absl::StrCat(kAcceptEvent, suffix),
          absl::StrCat("operator uid ", getuid(), " pid ", getpid()),
          "",
          "",
          "",
          std::move(detail)};
}

// What became of it.
recovery::AuditEvent Ended(const absl::Status& done, const AcceptReport& report,
                           const AcceptRequest& request) {
  if (!done.ok()) return Event("_failed", std::string(done.message()));
  recovery::AuditEvent event = Event("_done", AcceptDetail(report, request));
  event.discontinuities = report.rebuilt.discontinuities;
  return event;
}

class Acceptance {
 public:
  Acceptance(recoveryd::OpenedRealm& realm, const AcceptRequest& request)
      : realm_(realm),
        request_(request),
        anchor_(*realm.anchor_device().freshness_anchor()),
        rebuilt_(RebuiltLedgerAt(realm.folder, request.store)) {}

  absl::StatusOr<AcceptReport> Run() {
    LABREC_ASSIGN_OR_RETURN(report_.resumed, FindFinished());
    LABREC_ASSIGN_OR_RETURN(const std::string why, Why());
    if (!report_.resumed) LABREC_RETURN_IF_ERROR(LookAtRows());
    LABREC_RETURN_IF_ERROR(request_.confirm(Meaning(why)));
    LABREC_ASSIGN_OR_RETURN(const auto audit,
                            recovery::AuditLog::Open(realm_.folder.AuditPath(), SystemClock()));
    LABREC_RETURN_IF_ERROR(audit->Append(Event("", why), Durability::kSync));
    const absl::Status done = Work();
    LABREC_RETURN_IF_ERROR(audit->Append(Ended(done, report_, request_), Durability::kSync));
    LABREC_RETURN_IF_ERROR(done);
    return report_;
  }

 private:
  // Whether an earlier accept left a rebuilt ledger that the device vouches for. Anything less is removed.
  absl::StatusOr<bool> FindFinished() {
    {
      const auto left = rebuilt_->OpenLeft();
      if (absl::IsNotFound(left.status())) return false;
      if (absl::IsUnavailable(left.status())) return left.status();
      if (left.ok()) {
        const auto found = recovery::CheckStartUp(**left, anchor_, realm_.manifest.realm_id);
        if (absl::IsUnavailable(found.status())) return found.status();
        if (found.ok() && found->verdict.ok()) {
          LABREC_RETURN_IF_ERROR((*left)->MakeDurable());
          report_.rebuilt = {found->head.epoch, found->head.records, 0, found->head.discontinuities};
          return true;
        }
      }
    }
    LABREC_RETURN_IF_ERROR(rebuilt_->Remove());
    return false;
  }

  // What is wrong with the ledger. FAILED_PRECONDITION: nothing.
  absl::StatusOr<std::string> Why() {
    if (report_.resumed) return "an earlier accept was cut off before its ledger was put in place";
    if (const auto epoch = anchor_.CurrentEpoch(); absl::IsDataLoss(epoch.status())) {
      spoilt_ = true;
      return std::string(epoch.status().message());
    }
    const auto& id = realm_.manifest.realm_id;
    LABREC_ASSIGN_OR_RETURN(const auto start, recovery::CheckStartUp(*realm_.store, anchor_, id));
    if (!start.verdict.ok()) return std::string(start.verdict.message());
    LABREC_ASSIGN_OR_RETURN(const auto walk,
                            recovery::VerifyAll(*realm_.store, anchor_, id, request_.progress));
    if (!walk.intact())
      return absl::StrCat(walk.problem_count, " problems, the first: ", walk.problems.front());
    return absl::FailedPreconditionError(
        "the ledger is fresh and intact: there is nothing to accept, and nothing was changed");
  }

  absl::Status LookAtRows() {
    LABREC_ASSIGN_OR_RETURN(
        auto rows, AcceptedRows::Find(realm_, anchor_, request_.reanchor_floor, request_.take_unvouched));
    rows_.emplace(std::move(rows));
    report_.rows = rows_->counts();
    return absl::OkStatus();
  }

  std::string Meaning(const std::string& why) const {
    return absl::StrCat(
        "The ledger is refused: ", why, "\nAccepting it leaves every record at most ",
        request_.reanchor_floor,
        " guesses, brings back devices and records as they were then, and raises the number of "
        "discontinuities that every client sees. Put the latest intact copy back instead, if "
        "there is one.",
        rows_ ? rows_->Meaning() : "");
  }

  absl::Status Work() {
    if (!report_.resumed) LABREC_RETURN_IF_ERROR(Rebuild());
    return PutInPlace();
  }

  absl::Status Rebuild() {
    if (spoilt_) {
      LABREC_ASSIGN_OR_RETURN(const uint64_t known_epoch, KnownEpoch());
      LABREC_RETURN_IF_ERROR(anchor_.ClearSpoilt(known_epoch));
    }
    LABREC_ASSIGN_OR_RETURN(const uint64_t known, KnownDiscontinuities(realm_.folder.AuditPath()));
    LABREC_ASSIGN_OR_RETURN(std::unique_ptr<recovery::Store> made, rebuilt_->Create());
    LABREC_ASSIGN_OR_RETURN(const auto target,
                            recovery::WithKeys(realm_.anchor_device().period_keys(), std::move(made)));
    recovery::ReanchorRequest rebuild;
    rebuild.realm_id = realm_.manifest.realm_id;
    rebuild.known_discontinuities = known;
    rows_->Fill(rebuild);
    rebuild.progress = Progress();
    LABREC_ASSIGN_OR_RETURN(report_.rebuilt, recovery::Reanchor(*realm_.store, *target, anchor_, rebuild));
    return absl::OkStatus();
  }

  // The head's, so that epochs go on from there: a spoilt anchor may have forgotten its own. Nothing vouches
  // for the head; a number that no realm ever reached was edited in.
  absl::StatusOr<uint64_t> KnownEpoch() const {
    LABREC_ASSIGN_OR_RETURN(const recovery::HeadRow head,
                            recovery::ReadRealmHead(*realm_.store, realm_.manifest.realm_id));
    return head.epoch < kMostEpochs ? head.epoch : 0;
  }

  std::function<void(uint64_t)> Progress() const {
    if (!request_.progress) return nullptr;
    const auto begun = std::chrono::steady_clock::now();
    return [show = request_.progress, begun](uint64_t rows) {
      const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
      show({rows, 0, 0, passed.count()});
    };
  }

  absl::Status PutInPlace() {
    realm_.store.reset();
    return rebuilt_->PutInPlace();
  }

  recoveryd::OpenedRealm& realm_;
  const AcceptRequest& request_;
  hsm::FreshnessAnchor& anchor_;
  const std::unique_ptr<RebuiltLedger> rebuilt_;
  bool spoilt_ = false;
  std::optional<AcceptedRows> rows_;  // unless an earlier accept had done with them
  AcceptReport report_;
};

}  // namespace

absl::StatusOr<AcceptReport> Accept(recoveryd::OpenedRealm& realm, const AcceptRequest& request) {
  if (realm.anchor_device().freshness_anchor() == nullptr) {
    return absl::FailedPreconditionError("the realm's device has no freshness anchor");
  }
  return Acceptance(realm, request).Run();
}

}  // namespace labrec::admin
