#include "tools/admin/doctor/host_checks.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "absl/strings/str_cat.h"

#include "recovery/realm/audit_chain.h"
#include "recovery/realm/folder.h"

namespace labrec::admin {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMebibyte = 1U << 20;
constexpr uint64_t kEnough = 1024 * kMebibyte;
constexpr uint64_t kTooLittle = 64 * kMebibyte;  // a start, and a few thousand accounts

}  // namespace

void CheckFolder(const OfflineRealm& realm, Findings& findings) {
  struct stat folder {};
  if (stat(realm.state.c_str(), &folder) != 0) {
    return findings.Add(Severity::kWrong, "folder",
                        absl::StrCat(realm.state.string(), ": ", std::strerror(errno)),
                        "labyrinth-admin realm init makes a realm; or --state, [realm] state is wrong");
  }
  bool good = true;
  if ((folder.st_mode & 077) != 0) {
    good = false;
    findings.Add(Severity::kWrong, "folder", absl::StrCat(realm.state.string(), ": others can enter it"),
                 absl::StrCat("chmod 0700 ", realm.state.string()));
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(realm.state, error)) {
    struct stat found {};
    if (lstat(entry.path().c_str(), &found) != 0) continue;
    if (found.st_uid != folder.st_uid) {
      good = false;
      findings.Add(Severity::kWrong, "folder",
                   absl::StrCat(entry.path().string(), ": is not of the folder's owner, who may not open it"),
                   absl::StrCat("chown ", folder.st_uid, ":", folder.st_gid, " ", entry.path().string()));
    }
    if (S_ISREG(found.st_mode) && (found.st_mode & 077) != 0) {
      good = false;
      findings.Add(Severity::kSoon, "folder",
                   absl::StrCat(entry.path().string(), ": others may read or write it"),
                   absl::StrCat("chmod 0600 ", entry.path().string()));
    }
  }
  if (error) {
    return findings.Add(Severity::kWrong, "folder", absl::StrCat(realm.state.string(), ": ", error.message()),
                        "");
  }
  if (!fs::exists(recovery::RealmFolder(realm.state).WearPath())) {
    findings.Add(Severity::kSoon, "wear",
                 "wear.json is not there: the next start counts from the ledger's epoch", "");
  }
  if (good) findings.Good("folder", absl::StrCat(realm.state.string(), ": owners and modes are right"));
}

void CheckDisk(const OfflineRealm& realm, Findings& findings) {
  struct statvfs disk {};
  if (statvfs(realm.state.c_str(), &disk) != 0) return;  // CheckFolder says why
  const uint64_t room = uint64_t{disk.f_bavail} * disk.f_frsize;
  const std::string what = absl::StrCat(room / kMebibyte, " MiB are free for ", realm.state.string());
  if (room < kEnough) {
    return findings.Add(room < kTooLittle ? Severity::kWrong : Severity::kSoon, "disk", what,
                        "make room: a full disk refuses every request that changes something");
  }
  findings.Good("disk", what);
}

void CheckAudit(const OfflineRealm& realm, Findings& findings) {
  recovery::AuditChain chain;
  const absl::Status read = chain.Read(recovery::RealmFolder(realm.state).AuditPath());
  if (absl::IsNotFound(read)) return findings.Good("audit log", "is not there yet");
  if (!read.ok()) return findings.Note(Severity::kWrong, "audit log", read, "");
  if (chain.problem_count() > 0) {
    return findings.Add(
        Severity::kWrong, "audit log",
        absl::StrCat(chain.problem_count(),
                     " lines are not as they were written; the first: ", chain.problems().front()),
        "labyrinth-admin audit verify names them");
  }
  findings.Good("audit log", absl::StrCat(chain.lines(), " lines, none edited or missing between them"));
}

void CheckClock(Findings& findings) {
  timex clock{};
  const int state = adjtimex(&clock);
  if (state == TIME_ERROR || (clock.status & STA_UNSYNC) != 0) {
    return findings.Add(Severity::kSoon, "clock", "nobody keeps this host's clock, as the kernel says",
                        "run chrony or systemd-timesyncd: by a wrong clock every token is refused");
  }
  findings.Good("clock", "is kept by somebody, as the kernel says");
}

void CheckKernel(Findings& findings) {
  std::ifstream file("/proc/sys/fs/suid_dumpable");
  int dumpable = 0;
  file >> dumpable;
  if (dumpable == 1) {
    return findings.Add(Severity::kSoon, "kernel",
                        "fs.suid_dumpable is 1: processes that changed their user are dumped",
                        "sysctl fs.suid_dumpable=0");
  }
  findings.Good("kernel", "dumps no process that changed its user");
}

}  // namespace labrec::admin
