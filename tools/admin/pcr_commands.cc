#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/json.h"
#include "hsm/open_device.h"
#include "hsm/pcr/approval_folder.h"
#include "hsm/pcr/pcr_approval.h"
#include "recovery/realm/folder.h"
#include "recovery/realm/owner.h"
#include "tools/admin/command.h"
#include "tools/admin/describe.h"

namespace labrec::admin {
namespace {

namespace fs = std::filesystem;
using hsm::PcrApproval;
using hsm::PcrValues;

struct KeygenApproverOptions {
  Format format = Format::kText;
  fs::path key;
  fs::path public_key;
};
struct ShowPcrsOptions {
  Format format = Format::kText;
  fs::path state;
  std::string device;
  std::string pcrs;
};
struct ApproveOptions {
  Format format = Format::kText;
  fs::path key;
  fs::path values;
  bool current = false;
  fs::path approval;
  fs::path state;
  std::string device;
  fs::path out;
};

// A realm whose keys are bound to PCRs.
struct BoundRealm {
  recovery::RealmFolder folder;
  hsm::DeviceAddress device;
  hsm::PcrBinding binding;

  absl::StatusOr<PcrValues> Present() const {
    PcrValues present{binding.pcrs, {}};
    LABREC_ASSIGN_OR_RETURN(present.values, hsm::ReadPcrs(device, binding.pcrs));
    return present;
  }
};

// `device` says where its device is now, if not empty. Root goes on as the folder's owner.
absl::StatusOr<BoundRealm> FindBoundRealm(const fs::path& state, const std::string& device) {
  LABREC_RETURN_IF_ERROR(recovery::WorkAsOwnerOf(state));
  recovery::RealmFolder folder(state);
  LABREC_ASSIGN_OR_RETURN(const recovery::RealmManifest manifest, folder.ReadManifest());
  const hsm::DeviceAddress address{device.empty() ? manifest.device.uri : device};
  LABREC_ASSIGN_OR_RETURN(std::optional<hsm::PcrBinding> binding,
                          hsm::PcrBindingOf(address, manifest.device.state));
  if (binding) return BoundRealm{std::move(folder), address, *std::move(binding)};
  return absl::FailedPreconditionError(absl::StrCat(
      state.string(), ": this realm's keys are bound to no PCRs; only \"realm init --pcrs\" binds them"));
}

absl::Status KeygenApprover(const KeygenApproverOptions& options) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  LABREC_RETURN_IF_ERROR(WriteFile(options.key, key.ToPem().view(), 0600, Overwrite::kRefuse));
  const std::string pem = key.public_key().Pem();
  if (const absl::Status written = WriteFile(options.public_key, AsBytes(pem), 0644, Overwrite::kRefuse);
      !written.ok()) {
    std::error_code ignored;
    fs::remove(options.key, ignored);
    return written;
  }
  Print(options.format, {{"public_key", pem}}, pem);
  return absl::OkStatus();
}

Json DescribeValues(const PcrValues& values) {
  Json json = {{"selection", values.pcrs.ToString()}};
  json["pcrs"] = ParseOrderedJson(hsm::ToJson(values))["pcrs"];
  return json;
}

absl::Status ShowDevice(const ShowPcrsOptions& options) {
  if (options.device.empty() || options.pcrs.empty()) {
    return absl::InvalidArgumentError("pcr show wants --state, or --device and --pcrs");
  }
  PcrValues present;
  LABREC_ASSIGN_OR_RETURN(present.pcrs, PcrSelection::Parse(options.pcrs));
  LABREC_ASSIGN_OR_RETURN(present.values, hsm::ReadPcrs({options.device}, present.pcrs));
  const Json json = DescribeValues(present);
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

absl::Status ShowPcrs(const ShowPcrsOptions& options) {
  if (options.state.empty()) return ShowDevice(options);
  if (!options.pcrs.empty()) return absl::InvalidArgumentError("--pcrs: the realm's state says which");
  LABREC_ASSIGN_OR_RETURN(const BoundRealm realm, FindBoundRealm(options.state, options.device));
  LABREC_ASSIGN_OR_RETURN(const PcrValues present, realm.Present());
  const absl::Status found =
      hsm::FindApproval(realm.folder.PcrApprovalsPath(), realm.binding.approver, present).status();
  Json json = DescribeValues(present);
  json["approved"] = found.ok();
  Print(options.format, json, Text(json));
  return found;
}

absl::Status CheckApproveOptions(const ApproveOptions& options) {
  const bool signs = !options.key.empty();
  if (signs == !options.approval.empty()) {
    return absl::InvalidArgumentError("pcr approve wants --key, or --approval: one of them");
  }
  if (signs && options.current == !options.values.empty()) {
    return absl::InvalidArgumentError("pcr approve --key wants --current or --values: one of them");
  }
  if (!signs && (options.current || !options.values.empty())) {
    return absl::InvalidArgumentError("--approval is signed already: --current and --values go with --key");
  }
  if (options.state.empty() == options.out.empty()) {
    return absl::InvalidArgumentError("pcr approve wants --state or --out: one of them");
  }
  if (options.state.empty() && (options.current || !signs)) {
    return absl::InvalidArgumentError("--current and --approval go with --state");
  }
  return absl::OkStatus();
}

absl::StatusOr<EcdsaPrivateKey> ReadKey(const fs::path& path) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes pem, ReadSecretFile(path));
  return EcdsaPrivateKey::FromPem(pem);
}

absl::StatusOr<PcrValues> ReadValues(const fs::path& path) {
  LABREC_ASSIGN_OR_RETURN(const Bytes json, ReadFile(path));
  absl::StatusOr<PcrValues> values = PcrValues::FromJson(AsText(json));
  if (values.ok()) return values;
  return absl::InvalidArgumentError(absl::StrCat(path.string(), ": ", values.status().message()));
}

// What the operator's files say: an approval, or what to sign one with and of which values.
struct ApprovalSource {
  std::optional<PcrApproval> approval;
  std::optional<EcdsaPrivateKey> key;
  std::optional<PcrValues> values;  // none: what the PCRs hold now
};

absl::StatusOr<ApprovalSource> ReadSource(const ApproveOptions& options) {
  ApprovalSource source;
  if (!options.approval.empty()) {
    LABREC_ASSIGN_OR_RETURN(const Bytes json, ReadFile(options.approval));
    LABREC_ASSIGN_OR_RETURN(source.approval, PcrApproval::FromJson(AsText(json)));
    return source;
  }
  LABREC_ASSIGN_OR_RETURN(source.key, ReadKey(options.key));
  if (!options.current) {
    LABREC_ASSIGN_OR_RETURN(source.values, ReadValues(options.values));
  }
  return source;
}

absl::StatusOr<PcrApproval> ApprovalFor(ApprovalSource source, const BoundRealm& realm) {
  if (source.approval) return *std::move(source.approval);
  if (!source.values) {
    LABREC_ASSIGN_OR_RETURN(source.values, realm.Present());
  }
  return hsm::Approve(*source.key, *source.values);
}

// An approval that the realm would not take is not written.
absl::Status CheckFits(const PcrApproval& approval, const hsm::PcrBinding& binding) {
  if (approval.approved.pcrs != binding.pcrs) {
    return absl::FailedPreconditionError(
        absl::StrCat("these are values of the PCRs ", approval.approved.pcrs.ToString(),
                     "; the realm's keys are bound to ", binding.pcrs.ToString()));
  }
  if (hsm::IsApprovedBy(binding.approver, approval)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the key is not this realm's approver: its public key is not the one of realm init --pcr-approver");
}

absl::Status ApproveForRealm(const ApproveOptions& options) {
  LABREC_ASSIGN_OR_RETURN(ApprovalSource source, ReadSource(options));
  LABREC_ASSIGN_OR_RETURN(const BoundRealm realm, FindBoundRealm(options.state, options.device));
  LABREC_ASSIGN_OR_RETURN(const PcrApproval approval, ApprovalFor(std::move(source), realm));
  LABREC_RETURN_IF_ERROR(CheckFits(approval, realm.binding));
  LABREC_ASSIGN_OR_RETURN(const fs::path file, hsm::AddApproval(realm.folder.PcrApprovalsPath(), approval));
  Json json = DescribeValues(approval.approved);
  json["file"] = file.string();
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

absl::Status ApproveToFile(const ApproveOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const EcdsaPrivateKey key, ReadKey(options.key));
  LABREC_ASSIGN_OR_RETURN(const PcrValues values, ReadValues(options.values));
  const std::string text = hsm::ToJson(hsm::Approve(key, values));
  LABREC_RETURN_IF_ERROR(WriteFile(options.out, AsBytes(text), 0600, Overwrite::kRefuse));
  Json json = DescribeValues(values);
  json["file"] = options.out.string();
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

absl::Status Approve(const ApproveOptions& options) {
  LABREC_RETURN_IF_ERROR(CheckApproveOptions(options));
  return options.state.empty() ? ApproveToFile(options) : ApproveForRealm(options);
}

void AddKeygen(const cli::Command& pcr, Result& result) {
  cli::Command command;
  const auto options = AddCommand<KeygenApproverOptions>(
      pcr, "keygen", "Make an approver's key (mode 0600) and its public key", result, command,
      KeygenApprover);
  command.AddOption("--key", options->key, "private key to write").Required().Word("FILE");
  command.AddOption("--public-key", options->public_key, "public key to write, for realm init and clients")
      .Required()
      .Word("FILE");
}

void AddShow(const cli::Command& pcr, Result& result) {
  cli::Command command;
  const auto options = AddCommand<ShowPcrsOptions>(
      pcr, "show", "Show what PCRs hold, and whether a realm's approver approved it", result, command,
      ShowPcrs);
  command.AddOption("--state", options->state, "the realm's folder").Word("DIR");
  command.AddOption("--device", options->device, "where the TPM is, if not where it was at init")
      .Word("DEVICE");
  command.AddOption("--pcrs", options->pcrs, "without a realm: which, as sha256:0,2,7").Word("PCRS");
}

void AddApprove(const cli::Command& pcr, Result& result) {
  cli::Command command;
  const auto options = AddCommand<ApproveOptions>(
      pcr, "approve", "Let a realm's keys work with these values of its PCRs too", result, command, Approve);
  command.AddOption("--key", options->key, "the approver's private key").Word("FILE");
  command.AddFlag("--current", options->current, "approve what the PCRs hold now");
  command.AddOption("--values", options->values, "approve these values, as pcr show --json prints them")
      .Word("FILE");
  command.AddOption("--approval", options->approval, "take this approval, signed elsewhere").Word("FILE");
  command.AddOption("--state", options->state, "the realm's folder").Word("DIR");
  command.AddOption("--device", options->device, "where the TPM is, if not where it was at init")
      .Word("DEVICE");
  command.AddOption("--out", options->out, "write the approval there instead").Word("FILE");
}

}  // namespace

void AddPcrCommands(const cli::Command& app, Result& result) {
  const cli::Command pcr =
      app.AddCommand("pcr", "What a machine must have booted for the keys of a realm to work");
  pcr.RequireCommand();
  AddKeygen(pcr, result);
  AddShow(pcr, result);
  AddApprove(pcr, result);
}

}  // namespace labrec::admin
