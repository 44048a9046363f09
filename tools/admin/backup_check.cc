#include "tools/admin/backup_check.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/head.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tools/admin/admin_client.h"

namespace labrec::admin {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<recovery::HeadRow> HeadOf(recovery::Store& store) {
  LABREC_ASSIGN_OR_RETURN(std::optional<recovery::HeadRow> head, store.ReadHead());
  if (head) return *std::move(head);
  return absl::FailedPreconditionError("the file holds no ledger");
}

// A daemon has the device: it tells where the device stands.
absl::Status AskDaemon(const BackupQuestion& question, BackupReport& report) {
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

absl::Status AskDevice(const recovery::HeadRow& head, hsm::FreshnessAnchor& anchor, BackupReport& report) {
  LABREC_ASSIGN_OR_RETURN(const hsm::FreshnessReport judged,
                          anchor.Check(head.epoch, recovery::HeadDigest(head), head.evidence));
  report.realm_epoch = judged.device_epoch;
  report.evidence = EvidenceText(head, judged, anchor.wear().kind);
  if (judged.freshness == hsm::Freshness::kForged || judged.freshness == hsm::Freshness::kUnknown) {
    report.evidence_verdict =
        absl::DataLossError(absl::StrCat("the snapshot's evidence is ", report.evidence));
  }
  return absl::OkStatus();
}

absl::Status AskRealm(const BackupQuestion& question, const recovery::HeadRow& head, BackupReport& report) {
  const recovery::RealmFolder folder(question.realm.state);
  const bool running = absl::IsFailedPrecondition(recovery::RealmLock::Take(folder).status());
  if (running) return AskDaemon(question, report);
  LABREC_ASSIGN_OR_RETURN(recoveryd::OpenedRealm realm, OpenOffline(question.realm));
  hsm::FreshnessAnchor* const anchor = realm.anchor_device().freshness_anchor();
  if (anchor == nullptr) return absl::FailedPreconditionError("the realm's device has no freshness anchor");
  return AskDevice(head, *anchor, report);
}

}  // namespace

uint64_t BackupReport::EpochsBehind() const {
  return content.head.epoch < realm_epoch ? realm_epoch - content.head.epoch : 0;
}

std::string BackupReport::Meaning() const {
  if (!evidence_verdict.ok()) return "the daemon would refuse it, and nothing vouches for its rows";
  if (EpochsBehind() == 0) return "the daemon would start on it as it is";
  return absl::StrCat(
      "the daemon would refuse it, ", EpochsBehind(), " epoch", EpochsBehind() == 1 ? "" : "s",
      " behind; 'labyrinth-admin anchor accept' would lower the guesses of every record and raise "
      "the realm's discontinuities");
}

absl::StatusOr<BackupReport> CheckBackup(const BackupQuestion& question) {
  LABREC_ASSIGN_OR_RETURN(const recovery::RealmManifest manifest,
                          recovery::RealmFolder(question.realm.state).ReadManifest());
  const fs::path folder = question.realm.state / absl::StrCat(".verify-", Hex(SecretBytes::Random(4).view()));
  const absl::Cleanup remove_folder = [&folder] {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  };
  std::error_code error;
  fs::create_directory(folder, error);
  const fs::path copy = folder / "copy.sqlite";
  if (!error) fs::copy_file(question.file, copy, error);
  if (!error) fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("copying ", question.file.string(), " to ", folder.string(),
                                               " to look at it: ", error.message()));
  }
  LABREC_ASSIGN_OR_RETURN(const auto store, recovery::OpenSqliteStore(copy));
  LABREC_ASSIGN_OR_RETURN(const recovery::HeadRow head, HeadOf(*store));
  BackupReport report;
  LABREC_RETURN_IF_ERROR(AskRealm(question, head, report));
  LABREC_ASSIGN_OR_RETURN(report.content,
                          recovery::VerifyContent(*store, manifest.realm_id, question.progress));
  return report;
}

}  // namespace labrec::admin
