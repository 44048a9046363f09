#include "tools/admin/store/backup_check.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/head.h"
#include "recovery/store/sealed/sealed_store.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tools/admin/admin_client.h"

namespace labrec::admin {
namespace {

namespace fs = std::filesystem;

// A new file with all that can be read from `from`. False: errno says why.
bool CopyTo(const fs::path& copy, int from) {
  constexpr size_t kAtOnce = 1U << 30;
  const int to = open(copy.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  const absl::Cleanup close_to = [to] { close(to); };
  if (to < 0 || lseek(from, 0, SEEK_SET) != 0) return false;
  ssize_t put = 1;
  while (put > 0) put = sendfile(to, from, nullptr, kAtOnce);
  return put == 0;
}

absl::StatusOr<recovery::HeadRow> HeadOf(recovery::Store& store) {
  LABREC_ASSIGN_OR_RETURN(std::optional<recovery::HeadRow> head, store.ReadHead());
  if (head) return *std::move(head);
  return absl::FailedPreconditionError("the file holds no ledger");
}

// A daemon has the device: it tells where the device stands.
absl::Status CompareWithDaemon(const BackupQuestion& question, BackupReport& report) {
  const fs::path socket = question.socket.empty()
                              ? recovery::RealmFolder(question.realm.state).AdminSocketPath()
                              : question.socket;
  LABREC_ASSIGN_OR_RETURN(const auto status, AdminClient(socket).GetStatus());
  report.realm_epoch = status.epoch();
  report.evidence = "not judged: the running daemon has the device";
  return absl::OkStatus();
}

std::string EvidenceText(const recovery::HeadRow& head, const hsm::FreshnessReport& judged,
                         const std::string& anchor_kind) {
  switch (judged.freshness) {
    case hsm::Freshness::kFresh:
    case hsm::Freshness::kOneAhead:
      return "good: this device attested it";
    case hsm::Freshness::kStale:
      return anchor_kind == "tpm-nv-counter" ? "good: this device attested it, at an earlier epoch"
                                             : "its key is destroyed, as an older state's must be";
    case hsm::Freshness::kForged:
      return "not this device's: the head was edited, or the device is another one";
    case hsm::Freshness::kUnknown:
      break;
  }
  return absl::StrCat("impossible: epoch ", head.epoch, " is ahead of the device");
}

absl::Status CompareWithDevice(const recovery::HeadRow& head, hsm::FreshnessAnchor& anchor,
                               BackupReport& report) {
  LABREC_ASSIGN_OR_RETURN(const hsm::FreshnessReport judged,
                          anchor.Check(head.epoch, recovery::HeadDigest(head), head.evidence));
  report.realm_epoch = judged.device_epoch;
  report.judged = true;
  report.evidence = EvidenceText(head, judged, anchor.wear().kind);
  if (judged.freshness == hsm::Freshness::kForged || judged.freshness == hsm::Freshness::kUnknown) {
    report.evidence_verdict =
        absl::DataLossError(absl::StrCat("the snapshot's evidence is ", report.evidence));
  }
  return absl::OkStatus();
}

// The realm, opened to ask its device; nullopt: a daemon has it.
absl::StatusOr<std::optional<recoveryd::OpenedRealm>> AskRealm(const BackupQuestion& question,
                                                               const recovery::HeadRow& head,
                                                               BackupReport& report) {
  const recovery::RealmFolder folder(question.realm.state);
  const bool running = absl::IsFailedPrecondition(recovery::RealmLock::Take(folder).status());
  if (running) {
    LABREC_RETURN_IF_ERROR(CompareWithDaemon(question, report));
    return std::nullopt;
  }
  LABREC_ASSIGN_OR_RETURN(recoveryd::OpenedRealm realm, OpenOffline(question.realm));
  hsm::FreshnessAnchor* const anchor = realm.anchor_device().freshness_anchor();
  if (anchor == nullptr) return absl::FailedPreconditionError("the realm's device has no freshness anchor");
  LABREC_RETURN_IF_ERROR(CompareWithDevice(head, *anchor, report));
  return realm;
}

// A store that opens what is sealed. FAILED_PRECONDITION: it cannot be opened, as a daemon has the device.
absl::StatusOr<std::unique_ptr<recovery::Store>> Readable(std::unique_ptr<recovery::Store> store,
                                                          std::optional<recoveryd::OpenedRealm>& realm) {
  hsm::PeriodKeys* const keys = realm ? realm->anchor_device().period_keys() : nullptr;
  if (keys != nullptr) return recovery::SealedStore::Over(std::move(store), *keys);
  LABREC_ASSIGN_OR_RETURN(const bool sealed, recovery::HoldsSealed(*store));
  if (!sealed) return store;
  return absl::FailedPreconditionError(
      "the snapshot is sealed under the realm's period keys, and the running daemon has the device: stop the "
      "daemon to look into it");
}

}  // namespace

absl::StatusOr<OpenedFile> OpenedFile::Open(const fs::path& path) {
  OpenedFile file(path, open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat found {};
  if (file.get() < 0 || fstat(file.get(), &found) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path.string(), ": cannot be read"));
  }
  if (S_ISREG(found.st_mode)) return file;
  return absl::InvalidArgumentError(absl::StrCat(path.string(), ": is no file"));
}

OpenedFile::~OpenedFile() {
  if (fd_ >= 0) close(fd_);
}

uint64_t BackupReport::EpochsBehind() const {
  return content.head.epoch < realm_epoch ? realm_epoch - content.head.epoch : 0;
}

std::string BackupReport::Meaning() const {
  if (!evidence_verdict.ok()) return "the daemon would refuse it, and nothing vouches for its rows";
  if (!content.intact()) return MeaningOfDamage();
  if (EpochsBehind() == 0) {
    return judged
               ? "the daemon would start on it as it is"
               : "the daemon would start on it as it is, unless the device, which was not asked, disowns it";
  }
  return absl::StrCat(
      "the daemon would refuse it, ", EpochsBehind(), " epoch", EpochsBehind() == 1 ? "" : "s",
      " behind; 'labyrinth-admin anchor accept' would lower the guesses of every record and raise "
      "the realm's discontinuities");
}

std::string BackupReport::MeaningOfDamage() const {
  return absl::StrCat(
      "it is damaged",
      EpochsBehind() == 0 ? std::string() : absl::StrCat(", and ", EpochsBehind(), " epochs behind"),
      ": the daemon would refuse it, or every request that meets the damage; 'labyrinth-admin anchor accept' "
      "would discard the accounts and records of which rows are damaged. Put another copy back if there is "
      "one");
}

absl::StatusOr<BackupReport> CheckBackup(const BackupQuestion& question) {
  LABREC_ASSIGN_OR_RETURN(const recovery::RealmManifest manifest,
                          recovery::RealmFolder(question.realm.state).ReadManifest());
  const fs::path folder = question.realm.state / absl::StrCat(".verify-", Hex(SecretBytes::Random(4).view()));
  const absl::Cleanup remove_folder = [&folder] {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  };
  const fs::path copy = folder / "copy.sqlite";
  if (mkdir(folder.c_str(), 0700) != 0 || !CopyTo(copy, question.file.get())) {
    return absl::UnavailableError(absl::StrCat("copying ", question.file.name().string(), " to ",
                                               folder.string(), " to look at it: ", std::strerror(errno)));
  }
  LABREC_ASSIGN_OR_RETURN(
      std::unique_ptr<recovery::Store> store,
      recovery::OpenSqliteStore(copy, {.open = recovery::SqliteOptions::Open::kReadOnly}));
  LABREC_ASSIGN_OR_RETURN(const recovery::HeadRow head, HeadOf(*store));
  BackupReport report;
  LABREC_ASSIGN_OR_RETURN(auto realm, AskRealm(question, head, report));
  LABREC_ASSIGN_OR_RETURN(store, Readable(std::move(store), realm));
  LABREC_ASSIGN_OR_RETURN(report.content,
                          recovery::VerifyContent(*store, manifest.realm_id, question.progress));
  return report;
}

}  // namespace labrec::admin
