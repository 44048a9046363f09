#pragma once

#include <filesystem>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/realm/folder.h"

namespace labrec::admin {

// The folder that a realm is made in. Where nothing stands at its place yet that is a folder beside it, which
// one rename(2) puts there. In an empty folder that is there already (a mount point, what a symbolic link
// leads to, what a service manager made in a folder that is closed to its service) it is that folder itself,
// as no rename can replace such a one; a lost+found stays.
class RealmPlace {
 public:
  // Makes it, private and locked, and finds out whether files can be made there: before a device is touched.
  // Root becomes the owner of the empty folder, or else of the one that it stands in (WorkAsOwnerOf).
  // INVALID_ARGUMENT: there is no working folder to start from; ALREADY_EXISTS: something else is there;
  // NOT_FOUND: the folder that it would stand in is not there, or a link leads nowhere; UNAVAILABLE,
  // FAILED_PRECONDITION: what the system said, with the path. Nothing is left then.
  static absl::StatusOr<RealmPlace> Take(const std::filesystem::path& state);

  // Where the realm's files are made, realm.json last.
  const std::filesystem::path& folder() const { return folder_; }
  // The realm is whole: puts it in its place, durably. Afterwards nothing is removed any more.
  absl::Status Settle();
  // Removes what was made. The error names what could not be removed.
  absl::Status Abandon();

 private:
  RealmPlace(std::filesystem::path folder, std::filesystem::path target)
      : folder_(std::move(folder)), target_(std::move(target)) {}
  static absl::StatusOr<RealmPlace> TakeBeside(const std::filesystem::path& target);
  static absl::StatusOr<RealmPlace> TakeInside(const std::filesystem::path& folder);
  absl::Status MakePrivate();

  std::filesystem::path folder_;
  std::filesystem::path target_;
  std::optional<recovery::RealmLock> lock_;
};

}  // namespace labrec::admin
