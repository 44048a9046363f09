#include "tools/admin/store/store_migration.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/ledger/copy.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tools/admin/describe.h"

namespace labrec::admin {
namespace {

namespace fs = std::filesystem;
using recovery::HeadRow;
using recovery::Store;

constexpr const char* kSuffixes[] = {"", "-wal", "-shm", ".lock"};

absl::Status MoveFile(const fs::path& from, const fs::path& to) {
  for (const char* suffix : kSuffixes) {
    std::error_code error;
    if (!fs::exists(from.string() + suffix, error)) continue;
    fs::rename(from.string() + suffix, to.string() + suffix, error);
    if (error) {
      return absl::InternalError(
          absl::StrCat(from.string(), suffix, ": cannot be renamed: ", error.message()));
    }
  }
  return absl::OkStatus();
}

class Migration {
 public:
  Migration(const OfflineRealm& where, MigrateTo to,
            const std::function<void(const recovery::VerifyProgress&)>& progress)
      : where_(where), to_(to), progress_(progress), folder_(where.state) {}

  absl::StatusOr<MigrationReport> Run() {
    const recovery::StorePlace from = to_ == MigrateTo::kPostgres ? recovery::StorePlace() : where_.store;
    LABREC_ASSIGN_OR_RETURN(realm_, recoveryd::OpenRealm(where_.state, where_.device_uri, where_.anchor_uri,
                                                         from, recoveryd::LedgerUse::kLook));
    LABREC_ASSIGN_OR_RETURN(report_.head, Verified(*realm_->store));
    LABREC_RETURN_IF_ERROR(OpenTarget());
    if (!report_.resumed) LABREC_RETURN_IF_ERROR(Copy());
    LABREC_ASSIGN_OR_RETURN(const HeadRow copied, Verified(*target_));
    if (!Same(copied, report_.head))
      return absl::InternalError("the copy's head is another one: nothing was moved");
    LABREC_RETURN_IF_ERROR(target_->MakeDurable());
    LABREC_RETURN_IF_ERROR(PutInPlace());
    return report_;
  }

 private:
  fs::path Partial() const { return folder_.path() / "ledger.migrate.sqlite"; }

  static bool Same(const HeadRow& a, const HeadRow& b) {
    return a.epoch == b.epoch && a.root == b.root && a.realm_id == b.realm_id && a.records == b.records &&
           a.discontinuities == b.discontinuities && a.evidence == b.evidence &&
           a.bucket_exponent == b.bucket_exponent;
  }

  // The head of storage that the device takes for fresh and that is intact.
  absl::StatusOr<HeadRow> Verified(Store& store) {
    hsm::FreshnessAnchor* const anchor = realm_->anchor_device().freshness_anchor();
    if (anchor == nullptr) return absl::FailedPreconditionError("the realm's device has no freshness anchor");
    const Bytes& id = realm_->manifest.realm_id;
    LABREC_ASSIGN_OR_RETURN(const recovery::StartUpReport start, recovery::CheckStartUp(store, *anchor, id));
    LABREC_RETURN_IF_ERROR(start.verdict);
    LABREC_ASSIGN_OR_RETURN(const recovery::ContentReport content,
                            recovery::VerifyContent(store, id, progress_));
    LABREC_RETURN_IF_ERROR(CheckIntact(content));
    return start.head;
  }

  absl::Status OpenTarget() {
    LABREC_RETURN_IF_ERROR(CreateTarget());
    LABREC_ASSIGN_OR_RETURN(const bool unfinished, recovery::IsUnfinished(*target_));
    if (unfinished) {
      target_.reset();
      LABREC_RETURN_IF_ERROR(RemoveTarget());
      LABREC_RETURN_IF_ERROR(CreateTarget());
    }
    LABREC_ASSIGN_OR_RETURN(const auto present, target_->ReadHead());
    report_.resumed = present && Same(*present, report_.head);
    return absl::OkStatus();
  }

  absl::Status CreateTarget() {
    if (to_ == MigrateTo::kPostgres) {
      LABREC_ASSIGN_OR_RETURN(recovery::PlacedStore placed,
                              recovery::OpenStoreAt(folder_, where_.store, recovery::StoreUse::kCreate));
      LABREC_RETURN_IF_ERROR(recovery::UseKeys(realm_->anchor_device().period_keys(), placed));
      report_.sealed = placed.sealed != nullptr && placed.sealed->ring().current().has_value();
      target_ = std::move(placed.store);
      return absl::OkStatus();
    }
    LABREC_ASSIGN_OR_RETURN(target_,
                            recovery::OpenFileWith(realm_->anchor_device().period_keys(), Partial(),
                                                   {recovery::SqliteOptions::Open::kCreateIfMissing}));
    return absl::OkStatus();
  }

  absl::Status RemoveTarget() {
    if (to_ == MigrateTo::kPostgres) return recovery::RemoveStoreAt(where_.store);
    std::error_code error;
    for (const char* suffix : kSuffixes) fs::remove(Partial().string() + suffix, error);
    return absl::OkStatus();
  }

  absl::Status Copy() {
    const auto begun = std::chrono::steady_clock::now();
    const auto passed = [begun] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    };
    const auto show = [&](uint64_t rows) {
      if (progress_) progress_({rows, report_.head.records, 0, passed()});
    };
    LABREC_RETURN_IF_ERROR(recovery::CopyLedger(*realm_->store, *target_, realm_->manifest.realm_id, show));
    report_.seconds = passed();
    return absl::OkStatus();
  }

  absl::Status PutInPlace() {
    target_.reset();
    realm_->store.reset();
    if (to_ == MigrateTo::kFile) {
      report_.left = "the tables in PostgreSQL; take [store] out of the configuration, then drop them";
      return MoveFile(Partial(), folder_.LedgerPath());
    }
    const fs::path aside = folder_.path() / "ledger.migrated.sqlite";
    report_.left =
        absl::StrCat(aside.string(), "; nothing in it is erased any more: destroy it when the realm runs");
    return MoveFile(folder_.LedgerPath(), aside);
  }

  const OfflineRealm& where_;
  const MigrateTo to_;
  const std::function<void(const recovery::VerifyProgress&)>& progress_;
  const recovery::RealmFolder folder_;
  std::optional<recoveryd::OpenedRealm> realm_;
  std::unique_ptr<Store> target_;
  MigrationReport report_;
};

}  // namespace

absl::StatusOr<MigrationReport> Migrate(
    const OfflineRealm& where, MigrateTo to,
    const std::function<void(const recovery::VerifyProgress&)>& progress) {
  if (where.store.in_folder()) {
    return absl::InvalidArgumentError("the configuration has no [store] url: it says where in PostgreSQL");
  }
  return Migration(where, to, progress).Run();
}

}  // namespace labrec::admin
