#include "hsm/pcr/approval_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <sys/stat.h>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::hsm {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestApproval = 1U << 16;
constexpr size_t kNameDigits = 16;

std::vector<fs::path> FilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".json") files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<PcrApproval> ReadApproval(const fs::path& file) {
  LABREC_ASSIGN_OR_RETURN(const Bytes json, ReadFile(file, kLargestApproval));
  return PcrApproval::FromJson(AsText(json));
}

constexpr char kNoApproval[] = "labyrinth-recovery/no-pcr-approval";

// Empty if it fits.
std::string WhyNot(const PcrApproval& approval, const EcdsaPublicKey& approver, const PcrValues& present) {
  if (approval.approved.pcrs != present.pcrs) {
    return absl::StrCat("is for other PCRs (", approval.approved.pcrs.ToString(), ")");
  }
  if (!IsApprovedBy(approver, approval)) return "is not signed by this realm's approver";
  if (approval.approved == present) return "";
  return absl::StrCat("approves other values of ", DifferingPcrs(approval.approved, present));
}

}  // namespace

absl::StatusOr<PcrApproval> FindApproval(const fs::path& folder, const EcdsaPublicKey& approver,
                                         const PcrValues& present) {
  std::string looked_at;
  for (const fs::path& file : FilesIn(folder)) {
    absl::StatusOr<PcrApproval> approval = ReadApproval(file);
    const std::string why = approval.ok() ? WhyNot(*approval, approver, present)
                                          : absl::StrCat("cannot be used: ", approval.status().message());
    if (why.empty()) return approval;
    absl::StrAppend(&looked_at, looked_at.empty() ? "" : "; ", file.filename().string(), " ", why);
  }
  absl::Status none = absl::FailedPreconditionError(
      absl::StrCat("the realm's keys are bound to the PCRs ", present.pcrs.ToString(),
                   ", and no approval fits what these hold now (",
                   looked_at.empty() ? absl::StrCat("there is none in ", folder.string()) : looked_at,
                   "). If the machine was changed on purpose, its approver signs the new values: "
                   "labyrinth-admin pcr approve "
                   "--key APPROVER_KEY --current --state ",
                   folder.parent_path().string(), ". If not, something else was booted"));
  none.SetPayload(kNoApproval, absl::Cord());
  return none;
}

bool IsNoApproval(const absl::Status& status) {
  return status.GetPayload(kNoApproval).has_value();
}

absl::StatusOr<fs::path> AddApproval(const fs::path& folder, const PcrApproval& approval) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::UnavailableError(absl::StrCat(folder.string(), ": mkdir: ", std::strerror(errno)));
  }
  const fs::path file = folder / (Hex(ApprovedPolicy(approval.approved)).substr(0, kNameDigits) + ".json");
  LABREC_RETURN_IF_ERROR(WriteFile(file, AsBytes(ToJson(approval)), 0600, Overwrite::kReplace));
  return file;
}

}  // namespace labrec::hsm
