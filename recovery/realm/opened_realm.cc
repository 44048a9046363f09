#include "recovery/realm/opened_realm.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/open_device.h"

namespace labrec::recoveryd {
namespace {

absl::StatusOr<std::unique_ptr<hsm::Device>> Open(const recovery::RealmDevice& known,
                                                  const std::optional<std::string>& uri_now,
                                                  const SecretBytes& authorization,
                                                  const std::filesystem::path& pcr_approvals) {
  const hsm::DeviceAddress address{uri_now.value_or(known.uri)};
  absl::StatusOr<std::unique_ptr<hsm::Device>> device =
      hsm::OpenDevice(address, known.state, authorization, pcr_approvals);
  if (device.ok()) return device;
  return absl::Status(device.status().code(),
                      absl::StrCat("device ", address.uri, ": ", device.status().message()));
}

}  // namespace

absl::StatusOr<LockedRealm> LockRealm(const std::filesystem::path& state) {
  const recovery::RealmFolder folder(state);
  LABREC_ASSIGN_OR_RETURN(recovery::RealmManifest manifest, folder.ReadManifest());
  LABREC_ASSIGN_OR_RETURN(recovery::RealmLock lock, recovery::RealmLock::Take(folder));
  LABREC_ASSIGN_OR_RETURN(SecretBytes authorization, folder.ReadDeviceAuth());
  std::optional<SecretBytes> anchor_authorization;
  if (manifest.anchor) {
    LABREC_ASSIGN_OR_RETURN(anchor_authorization, folder.ReadAnchorAuth());
  }
  return LockedRealm{folder, std::move(lock), std::move(manifest), std::move(authorization),
                     std::move(anchor_authorization)};
}

absl::Status OpenedRealm::UseKeys() {
  recovery::PlacedStore placed{std::move(store), ledger_file, sealed, std::move(storage_figures)};
  LABREC_RETURN_IF_ERROR(recovery::UseKeys(anchor_device().period_keys(), placed));
  Take(std::move(placed));
  return absl::OkStatus();
}

absl::StatusOr<OpenedRealm> OpenRealmDevices(LockedRealm realm, const std::optional<std::string>& device_uri,
                                             const std::optional<std::string>& anchor_uri) {
  recovery::RealmManifest& manifest = realm.manifest;
  if (anchor_uri && !manifest.anchor) {
    return absl::InvalidArgumentError("[anchor] uri: this realm's anchor is in its key device; take it out");
  }
  LABREC_ASSIGN_OR_RETURN(auto key_device, Open(manifest.device, device_uri, realm.device_authorization,
                                                realm.folder.PcrApprovalsPath()));
  std::unique_ptr<hsm::Device> anchor_device;
  if (manifest.anchor) {
    LABREC_ASSIGN_OR_RETURN(anchor_device,
                            Open(*manifest.anchor, anchor_uri, *realm.anchor_authorization, {}));
  }
  return OpenedRealm{std::move(realm.folder),
                     std::move(realm.lock),
                     std::move(manifest),
                     std::move(key_device),
                     std::move(anchor_device),
                     nullptr,
                     nullptr,
                     nullptr,
                     nullptr};
}

absl::StatusOr<OpenedRealm> OpenRealm(LockedRealm realm, const std::optional<std::string>& device_uri,
                                      const std::optional<std::string>& anchor_uri,
                                      const recovery::StorePlace& store, LedgerUse use) {
  LABREC_ASSIGN_OR_RETURN(OpenedRealm opened, OpenRealmDevices(std::move(realm), device_uri, anchor_uri));
  const recovery::StoreUse store_use =
      use == LedgerUse::kLook ? recovery::StoreUse::kLook : recovery::StoreUse::kWork;
  LABREC_ASSIGN_OR_RETURN(recovery::PlacedStore placed,
                          recovery::OpenStoreAt(opened.folder, store, store_use));
  opened.Take(std::move(placed));
  LABREC_RETURN_IF_ERROR(opened.UseKeys());
  return opened;
}

absl::StatusOr<OpenedRealm> OpenRealm(const std::filesystem::path& state,
                                      const std::optional<std::string>& device_uri,
                                      const std::optional<std::string>& anchor_uri,
                                      const recovery::StorePlace& store, LedgerUse use) {
  LABREC_ASSIGN_OR_RETURN(LockedRealm realm, LockRealm(state));
  return OpenRealm(std::move(realm), device_uri, anchor_uri, store, use);
}

}  // namespace labrec::recoveryd
