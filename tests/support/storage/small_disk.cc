#include "tests/support/storage/small_disk.h"

#include <array>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "tests/support/process/finished_command.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::test {
namespace {

absl::Status Failed(const std::filesystem::path& path, const char* what) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path.string(), ": ", what));
}

// This thread's mounts are its own from here on.
absl::Status KeepMountsToOurselves() {
  static const bool alone =
      unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return alone ? absl::OkStatus() : absl::PermissionDeniedError("mounting is root's: run this test as root");
}

absl::Status Copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  const FinishedCommand copied = RunCommand({"cp", "-a", from.string() + "/.", to});
  return copied.code == 0 ? absl::OkStatus() : absl::UnavailableError(copied.err);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SmallDisk>> SmallDisk::Under(const std::filesystem::path& folder,
                                                            uint64_t bytes) {
  if (const absl::Status alone = KeepMountsToOurselves(); !alone.ok()) return alone;
  const TemporaryFolder aside;
  if (const absl::Status kept = Copy(folder, aside.path()); !kept.ok()) return kept;
  const std::string size = absl::StrCat("mode=0700,size=", bytes);
  if (mount("none", folder.c_str(), "tmpfs", MS_NODEV | MS_NOSUID, size.c_str()) != 0) {
    return Failed(folder, "mount");
  }
  std::unique_ptr<SmallDisk> disk(new SmallDisk(folder));
  if (const absl::Status back = Copy(aside.path(), folder); !back.ok()) return back;
  return disk;
}

SmallDisk::~SmallDisk() {
  umount2(folder_.c_str(), MNT_DETACH);
}

absl::Status SmallDisk::Fill() const {
  const int file = open(Filler().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return Failed(Filler(), "open");
  const absl::Cleanup close_file = [file] { close(file); };
  static constexpr std::array<char, 4096> kBlock{};
  while (write(file, kBlock.data(), kBlock.size()) > 0) {
  }
  return errno == ENOSPC ? absl::OkStatus() : Failed(Filler(), "write");
}

void SmallDisk::MakeRoom() const {
  unlink(Filler().c_str());
}

absl::Status SmallDisk::MakeReadOnly() const {
  return mount("none", folder_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0
             ? absl::OkStatus()
             : Failed(folder_, "remount");
}

}  // namespace labrec::test
