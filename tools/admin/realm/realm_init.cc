#include "tools/admin/realm/realm_init.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/pcr/approval_folder.h"
#include "recovery/api/names.h"
#include "recovery/ledger/ledger.h"
#include "recovery/ledger/merkle.h"
#include "recovery/realm/folder.h"
#include "tools/admin/realm/realm_place.h"

namespace labrec::admin {
namespace {

using recovery::RealmDevice;
using recovery::RealmFolder;
using recovery::RealmManifest;

absl::Status CheckOptions(const RealmInitOptions& options) {
  if (!options.name.empty()) LABREC_RETURN_IF_ERROR(recovery::CheckShortName("--name", options.name));
  if (options.bucket_exponent > recovery::kMaxBucketExponent) {
    return absl::InvalidArgumentError(absl::StrCat("--bucket-exponent: 0 to ", recovery::kMaxBucketExponent));
  }
  if (const absl::Status store = recovery::CheckStorePlace(options.store); !store.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--store: ", store.message()));
  }
  LABREC_RETURN_IF_ERROR(hsm::CheckAddress({options.device}));
  return options.anchor ? hsm::CheckAddress({*options.anchor}) : absl::OkStatus();
}

// Looks at a device; FAILED_PRECONDITION names everything it lacks.
absl::StatusOr<hsm::DeviceDescription> Probe(const std::string& uri, const hsm::DeviceRoles& roles) {
  LABREC_ASSIGN_OR_RETURN(const hsm::ProbeReport report, hsm::ProbeDevice({uri}, roles));
  if (report.Suffices()) return report.description;
  std::string missing = absl::StrCat(uri, ": the device cannot hold a realm; nothing was made. It lacks");
  for (const hsm::ProbeFinding& finding : report.findings) {
    if (!finding.present) absl::StrAppend(&missing, "\n  ", finding.what, ": ", finding.remedy);
  }
  return absl::FailedPreconditionError(missing);
}

// FAILED_PRECONDITION if the keys could not be used with this approval once they are made.
absl::Status CheckPcrs(const RealmInitOptions& options) {
  if (!options.pcrs) return absl::OkStatus();
  const hsm::PcrBinding& binding = options.pcrs->binding;
  hsm::PcrValues present{binding.pcrs, {}};
  LABREC_ASSIGN_OR_RETURN(present.values, hsm::ReadPcrs({options.device}, binding.pcrs));
  const hsm::PcrApproval& approval = options.pcrs->approval;
  std::string why;
  if (approval.approved.pcrs != binding.pcrs) {
    why = absl::StrCat("it is for the PCRs ", approval.approved.pcrs.ToString());
  } else if (!hsm::IsApprovedBy(binding.approver, approval)) {
    why = "the key of --pcr-approver did not sign it";
  } else if (approval.approved != present) {
    why = absl::StrCat("the PCRs ", hsm::DifferingPcrs(approval.approved, present), " hold other values");
  }
  if (why.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "--pcr-approval is no approval of what the PCRs ", binding.pcrs.ToString(), " hold now: ", why,
      "; nothing was made. \"labyrinth-admin pcr show\" and \"pcr approve --out\" make one"));
}

// A realm being made, and what has to be undone if that fails.
class RealmInMaking {
 public:
  RealmInMaking(const RealmInitOptions& options, RealmPlace& place)
      : options_(options),
        place_(place),
        folder_(place.folder()),
        device_auth_(recovery::NewAuthorization()),
        anchor_auth_(recovery::NewAuthorization()) {}

  absl::StatusOr<RealmManifest> Make() {
    Describe();
    LABREC_RETURN_IF_ERROR(TakeStore());
    LABREC_RETURN_IF_ERROR(folder_.WriteDeviceAuth(device_auth_));
    if (options_.anchor) LABREC_RETURN_IF_ERROR(folder_.WriteAnchorAuth(anchor_auth_));
    if (options_.pcrs) {
      LABREC_RETURN_IF_ERROR(hsm::AddApproval(folder_.PcrApprovalsPath(), options_.pcrs->approval).status());
    }
    LABREC_RETURN_IF_ERROR(ProvisionDevices());
    LABREC_RETURN_IF_ERROR(MakeLedger());
    LABREC_RETURN_IF_ERROR(folder_.WriteManifest(manifest_));
    LABREC_RETURN_IF_ERROR(place_.Settle());
    return manifest_;
  }

  // What could not be removed from the devices; empty if nothing is left there.
  std::string Undo() {
    std::string left;
    if (provisioned_anchor_) Remove(*manifest_.anchor, anchor_auth_, left);
    if (provisioned_device_) Remove(manifest_.device, device_auth_, left);
    store_.reset();
    if (took_store_ && !options_.store.in_folder()) {
      const absl::Status removed = recovery::RemoveStoreAt(options_.store);
      if (!removed.ok()) absl::StrAppend(&left, "; the ledger's tables: ", removed.message());
    }
    return left;
  }

 private:
  void Describe() {
    manifest_.realm_id = ToBytes(SecretBytes::Random(16).view());
    manifest_.name = options_.name.empty() ? Hex(manifest_.realm_id).substr(0, 8) : options_.name;
    manifest_.created_at_ms = SystemClock().NowMillis();
    manifest_.bucket_exponent = options_.bucket_exponent;
    manifest_.device.uri = options_.device;
    if (options_.anchor) manifest_.anchor = RealmDevice{*options_.anchor, {}};
  }

  absl::StatusOr<hsm::DeviceState> Provision(const std::string& uri, hsm::DeviceRoles roles,
                                             const SecretBytes& authorization) const {
    hsm::ProvisionOptions provision;
    provision.roles = roles;
    provision.realm_id = manifest_.realm_id;
    provision.authorization = authorization.Clone();
    provision.owner_authorization = options_.owner_authorization.Clone();
    if (options_.pcrs && roles.keys) provision.pcr_binding = options_.pcrs->binding;
    provision.pcr_approvals = folder_.PcrApprovalsPath();
    return hsm::ProvisionDevice({uri}, provision);
  }

  absl::Status ProvisionDevices() {
    const bool own_anchor = manifest_.anchor.has_value();
    LABREC_ASSIGN_OR_RETURN(manifest_.device.state,
                            Provision(manifest_.device.uri, {true, !own_anchor}, device_auth_));
    provisioned_device_ = true;
    if (!own_anchor) return absl::OkStatus();
    LABREC_ASSIGN_OR_RETURN(manifest_.anchor->state,
                            Provision(manifest_.anchor->uri, {false, true}, anchor_auth_));
    provisioned_anchor_ = true;
    return absl::OkStatus();
  }

  // Opens the keys once too: a device that cannot give them back is found now, not at the first start.
  absl::Status MakeLedger() {
    LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<hsm::Device> keys,
                            hsm::OpenDevice({manifest_.device.uri}, manifest_.device.state, device_auth_,
                                            folder_.PcrApprovalsPath()));
    std::unique_ptr<hsm::Device> own_anchor;
    if (manifest_.anchor) {
      LABREC_ASSIGN_OR_RETURN(
          own_anchor, hsm::OpenDevice({manifest_.anchor->uri}, manifest_.anchor->state, anchor_auth_));
    }
    hsm::FreshnessAnchor* const anchor = (own_anchor ? *own_anchor : *keys).freshness_anchor();
    if (keys->evaluation_key() == nullptr || keys->derivation_key() == nullptr || anchor == nullptr) {
      return absl::InternalError("the device does not give back what was made on it");
    }
    LABREC_RETURN_IF_ERROR(
        recovery::Ledger::Create(*store_, *anchor, manifest_.realm_id, manifest_.bucket_exponent).status());
    store_.reset();
    return MakePeriodKey((own_anchor ? *own_anchor : *keys).period_keys());
  }

  // PostgreSQL erases nothing: there rows are sealed from the first one on.
  absl::Status MakePeriodKey(hsm::PeriodKeys* keys) const {
    if (options_.store.in_folder()) return absl::OkStatus();
    if (keys == nullptr) return absl::InternalError("the anchor's device has no period keys");
    const absl::Status made = keys->Make(1, static_cast<uint64_t>(SystemClock().NowMillis())).status();
    if (made.ok()) return made;
    return absl::Status(made.code(),
                        absl::StrCat("making the first period key: ", made.message(),
                                     " (where a TPM's owner hierarchy has an authorisation value, the "
                                     "anchor's address names it too: owner-auth-source=file:PATH)"));
  }

  // Before the devices are written: a server that cannot be used, or has another realm's ledger, costs
  // nothing.
  absl::Status TakeStore() {
    LABREC_ASSIGN_OR_RETURN(recovery::PlacedStore placed,
                            recovery::OpenStoreAt(folder_, options_.store, recovery::StoreUse::kCreate));
    LABREC_ASSIGN_OR_RETURN(const auto present, placed.store->ReadHead());
    if (present) {
      return absl::AlreadyExistsError(
          "--store: this schema holds a realm's ledger already; it is left as it is. Name another database "
          "or "
          "schema (options=-csearch_path%3DNAME)");
    }
    store_ = std::move(placed.store);
    took_store_ = true;
    return absl::OkStatus();
  }

  void Remove(const RealmDevice& device, const SecretBytes& authorization, std::string& left) const {
    const absl::Status removed =
        hsm::DeprovisionDevice({device.uri}, device.state, authorization, options_.owner_authorization);
    if (!removed.ok()) absl::StrAppend(&left, "; ", device.uri, ": ", removed.message());
  }

  const RealmInitOptions& options_;
  RealmPlace& place_;
  const RealmFolder folder_;
  const SecretBytes device_auth_;
  const SecretBytes anchor_auth_;
  RealmManifest manifest_;
  std::unique_ptr<recovery::Store> store_;  // empty when it was opened
  bool took_store_ = false;
  bool provisioned_device_ = false;
  bool provisioned_anchor_ = false;
};

// Probes and makes; the folder is abandoned by the caller where it fails.
absl::StatusOr<MadeRealm> InitAt(RealmPlace& place, const RealmInitOptions& options) {
  LABREC_RETURN_IF_ERROR(CheckPcrs(options));
  MadeRealm made;
  LABREC_ASSIGN_OR_RETURN(made.device, Probe(options.device, {true, !options.anchor}));
  if (options.anchor) {
    LABREC_ASSIGN_OR_RETURN(made.anchor, Probe(*options.anchor, {false, true}));
  }
  RealmInMaking making(options, place);
  absl::StatusOr<RealmManifest> manifest = making.Make();
  if (manifest.ok()) {
    made.manifest = *std::move(manifest);
    return made;
  }
  const std::string left = making.Undo();
  std::string message(manifest.status().message());
  absl::StrAppend(&message, left.empty() ? "; nothing was left behind on the device"
                                         : absl::StrCat("; this could not be removed: ", left));
  return absl::Status(manifest.status().code(), message);
}

}  // namespace

absl::StatusOr<MadeRealm> InitRealm(const RealmInitOptions& options) {
  LABREC_RETURN_IF_ERROR(CheckOptions(options));
  LABREC_ASSIGN_OR_RETURN(RealmPlace place, RealmPlace::Take(options.state));
  absl::StatusOr<MadeRealm> made = InitAt(place, options);
  if (made.ok()) return made;
  const absl::Status abandoned = place.Abandon();
  if (abandoned.ok()) return made;
  return absl::Status(
      made.status().code(),
      absl::StrCat(made.status().message(), "; this could not be removed: ", abandoned.message()));
}

}  // namespace labrec::admin
