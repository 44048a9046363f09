#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "tools/admin/account/csv.h"
#include "tools/admin/admin_client.h"
#include "tools/admin/command.h"
#include "tools/admin/commands.h"
#include "tools/admin/describe.h"
#include "tools/cli/progress_bar.h"

namespace labrec::admin {
namespace {

constexpr size_t kAtOnce = 1000;
constexpr size_t kLongestList = size_t{1} << 30;
constexpr char kHeader[] = "tenant,account,public_key,name";

struct EnrollListOptions : SocketOptions {
  std::filesystem::path list;
};

// A line of the list that is to be enrolled, or why it is not.
struct Entry {
  size_t line = 0;
  v1::AdminEnrollDeviceRequest request;
};

class Enrolment {
 public:
  explicit Enrolment(const EnrollListOptions& options) : client_(options.Path()) {}

  // INVALID_ARGUMENT: the file is none of this kind. Lines that cannot be used are refused, and the others go
  // on.
  absl::Status Run(const std::filesystem::path& file) {
    LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(file, kLongestList));
    const std::vector<std::string> lines = absl::StrSplit(std::string(AsText(content)), '\n');
    LABREC_ASSIGN_OR_RETURN(const auto before, client_.GetStatus());
    for (std::string text : lines) {
      ++line_;
      if (text.ends_with('\r')) text.pop_back();
      if (line_ == 1) {
        LABREC_RETURN_IF_ERROR(CheckHeader(text, file));
        continue;
      }
      if (!text.empty()) Take(text);
      if (waiting_.size() == kAtOnce) LABREC_RETURN_IF_ERROR(Send());
      bar_.Show(line_, lines.size(), absl::StrCat(refusals_.size(), " refused"));
    }
    LABREC_RETURN_IF_ERROR(Send());
    LABREC_ASSIGN_OR_RETURN(const auto after, client_.GetStatus());
    anchors_ = after.anchor_commits() - before.anchor_commits();
    return absl::OkStatus();
  }

  Json Report() const {
    return {{"enrolled", enrolled_},
            {"already", already_},
            {"refused", refusals_.size()},
            {"anchors", anchors_},
            {"refusals", refusals_}};
  }
  size_t refused() const { return refusals_.size(); }
  size_t line() const { return line_; }

 private:
  static absl::Status CheckHeader(std::string_view text, const std::filesystem::path& file) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (text == kHeader) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(file.string(), ": its first line has to be \"", kHeader, "\""));
  }

  void Take(const std::string& text) {
    absl::StatusOr<v1::AdminEnrollDeviceRequest> request = Read(text);
    if (!request.ok()) return Refuse(line_, "", std::string(request.status().message()));
    waiting_.push_back({line_, *std::move(request)});
  }

  static absl::StatusOr<v1::AdminEnrollDeviceRequest> Read(const std::string& text) {
    LABREC_ASSIGN_OR_RETURN(const std::vector<std::string> fields, CsvFields(text));
    if (fields.size() != 4) {
      return absl::InvalidArgumentError(absl::StrCat("has ", fields.size(), " fields, and not 4"));
    }
    std::string spki;
    if (!absl::Base64Unescape(fields[2], &spki) || !EcdsaPublicKey::FromSpki(AsBytes(spki)).ok()) {
      return absl::InvalidArgumentError(
          "public_key is no P-256 key: base64 of its SubjectPublicKeyInfo is wanted, which stands between "
          "the "
          "lines of a PEM file");
    }
    v1::AdminEnrollDeviceRequest request;
    request.mutable_account()->set_tenant(fields[0]);
    request.mutable_account()->set_account(fields[1]);
    request.set_public_key(spki);
    request.set_name(fields[3]);
    return request;
  }

  // What was sent before an error stays enrolled: the same list again goes on behind it.
  absl::Status Send() {
    if (waiting_.empty()) return absl::OkStatus();
    v1::EnrollDevicesRequest request;
    for (const Entry& entry : waiting_) *request.add_devices() = entry.request;
    LABREC_ASSIGN_OR_RETURN(const auto answer, client_.EnrollDevices(request));
    for (int i = 0; i < answer.devices_size(); ++i) {
      const v1::EnrolledDevice& device = answer.devices(i);
      const Entry& entry = waiting_[static_cast<size_t>(i)];
      if (!device.refused().empty()) {
        Refuse(entry.line, entry.request.account().account(), device.refused());
      } else {
        ++(device.already() ? already_ : enrolled_);
      }
    }
    waiting_.clear();
    return absl::OkStatus();
  }

  void Refuse(size_t line, const std::string& account, const std::string& why) {
    refusals_.push_back({{"line", line}, {"account", account}, {"why", why}});
  }

  AdminClient client_;
  cli::ProgressBar bar_{STDERR_FILENO, "enrolling"};
  std::vector<Entry> waiting_;
  size_t line_ = 0;
  size_t enrolled_ = 0;
  size_t already_ = 0;
  uint64_t anchors_ = 0;
  Json refusals_ = Json::array();
};

absl::Status EnrollList(const EnrollListOptions& options) {
  Enrolment enrolment(options);
  const absl::Status run = enrolment.Run(options.list);
  const Json report = enrolment.Report();
  if (!absl::IsInvalidArgument(run)) Print(options.format, report, Text(report));
  if (!run.ok()) {
    return absl::Status(run.code(), absl::StrCat("stopped before line ", enrolment.line(), ": ",
                                                 run.message(), "; the same list again goes on from there"));
  }
  if (enrolment.refused() == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(enrolment.refused(), " lines were refused"));
}

}  // namespace

void AddEnrollListCommand(const cli::Command& device, Result& result) {
  cli::Command command;
  const auto options = AddCommand<EnrollListOptions>(
      device, "enroll-list", "Add many devices, a thousand in one commit; again is harmless", result, command,
      EnrollList);
  AddSocketOptions(command, *options);
  command.AddOption("--list", options->list, std::string("CSV file: ") + kHeader).Required().Word("FILE");
}

}  // namespace labrec::admin
