#include "tools/admin/accept/rebuilt_ledger.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::admin {
namespace {

namespace fs = std::filesystem;

absl::Status SystemError(const fs::path& path, const char* what) {
  return absl::UnavailableError(absl::StrCat(path.string(), ": ", what, ": ", std::strerror(errno)));
}

fs::path Beside(const fs::path& ledger, const char* suffix) {
  return ledger.string() + suffix;
}

// A log that stayed would be applied to whatever file lies beside it next.
absl::Status Remove(const fs::path& ledger, std::initializer_list<const char*> suffixes) {
  for (const char* suffix : suffixes) {
    std::error_code error;
    fs::remove(Beside(ledger, suffix), error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat(Beside(ledger, suffix).string(), ": cannot be removed: ", error.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status SyncFolderOf(const fs::path& path) {
  const int folder = open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const absl::Cleanup close_folder = [folder] { close(folder); };
  return folder >= 0 && fsync(folder) == 0 ? absl::OkStatus() : SystemError(path.parent_path(), "fsync");
}

class RebuiltFile : public RebuiltLedger {
 public:
  explicit RebuiltFile(fs::path ledger)
      : ledger_(std::move(ledger)), rebuilt_(ledger_.parent_path() / "ledger.accept.sqlite") {}

  absl::StatusOr<std::unique_ptr<recovery::Store>> OpenLeft() override {
    if (!fs::exists(rebuilt_)) return absl::NotFoundError("no earlier accept has left a ledger");
    return recovery::OpenSqliteStore(rebuilt_);
  }

  absl::Status Remove() override { return admin::Remove(rebuilt_, {"", "-wal", "-shm", ".lock"}); }

  absl::StatusOr<std::unique_ptr<recovery::Store>> Create() override {
    recovery::SqliteOptions create;
    create.open = recovery::SqliteOptions::Open::kCreateIfMissing;
    return recovery::OpenSqliteStore(rebuilt_, create);
  }

  // The old ledger's log goes first: SQLite would apply it to the new file. That is the service's user's, as
  // root works as the folder's owner (FindRealm).
  absl::Status PutInPlace() override {
    if (fs::exists(Beside(rebuilt_, "-wal"))) {
      return absl::InternalError(
          absl::StrCat(rebuilt_.string(), ": its log is still there after closing it"));
    }
    LABREC_RETURN_IF_ERROR(admin::Remove(ledger_, {"-wal", "-shm"}));
    LABREC_RETURN_IF_ERROR(SyncFolderOf(ledger_));
    if (std::rename(rebuilt_.c_str(), ledger_.c_str()) != 0) return SystemError(rebuilt_, "rename");
    LABREC_RETURN_IF_ERROR(admin::Remove(rebuilt_, {".lock"}));
    return SyncFolderOf(ledger_);
  }

 private:
  const fs::path ledger_;
  const fs::path rebuilt_;
};

class RebuiltTables : public RebuiltLedger {
 public:
  explicit RebuiltTables(recovery::StorePlace place) : place_(std::move(place)) {}

  absl::StatusOr<std::unique_ptr<recovery::Store>> OpenLeft() override {
    return recovery::OpenRebuiltAt(place_, recovery::StoreUse::kWork);
  }
  absl::Status Remove() override { return recovery::RemoveRebuiltAt(place_); }
  absl::StatusOr<std::unique_ptr<recovery::Store>> Create() override {
    return recovery::OpenRebuiltAt(place_, recovery::StoreUse::kCreate);
  }
  absl::Status PutInPlace() override { return recovery::PutRebuiltInPlaceAt(place_); }

 private:
  const recovery::StorePlace place_;
};

}  // namespace

std::unique_ptr<RebuiltLedger> RebuiltLedgerAt(const recovery::RealmFolder& folder,
                                               const recovery::StorePlace& place) {
  if (place.in_folder()) return std::make_unique<RebuiltFile>(folder.LedgerPath());
  return std::make_unique<RebuiltTables>(place);
}

}  // namespace labrec::admin
