#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/device.h"
#include "recovery/realm/folder.h"
#include "recovery/realm/store_place.h"

namespace labrec::recoveryd {

// A realm's folder, locked for this process: all that a start learns without a device.
struct LockedRealm {
  recovery::RealmFolder folder;
  recovery::RealmLock lock;
  recovery::RealmManifest manifest;
  SecretBytes device_authorization;
  std::optional<SecretBytes> anchor_authorization;  // where the anchor has a device of its own
};

// A realm's folder, its devices and its store, opened for this process alone.
struct OpenedRealm {
  recovery::RealmFolder folder;
  recovery::RealmLock lock;
  recovery::RealmManifest manifest;
  std::unique_ptr<hsm::Device> key_device;
  std::unique_ptr<hsm::Device> own_anchor_device;  // null: the key device is the anchor too
  std::unique_ptr<recovery::Store> store;
  recovery::SqliteStore* ledger_file = nullptr;  // the folder's file, if it is in one
  recovery::SealedStore* sealed = nullptr;       // the store; null: the anchor has no period keys
  std::function<recovery::StorageFigures()> storage_figures;  // of the store, if it is on a server

  void Take(recovery::PlacedStore placed) {
    store = std::move(placed.store);
    ledger_file = placed.file;
    sealed = placed.sealed;
    storage_figures = std::move(placed.figures);
  }

  // The store is read and written with the period keys of the anchor's device from now on.
  absl::Status UseKeys();

  hsm::Device& anchor_device() { return own_anchor_device ? *own_anchor_device : *key_device; }
};

// Without a store: the devices alone.
absl::StatusOr<OpenedRealm> OpenRealmDevices(LockedRealm realm, const std::optional<std::string>& device_uri,
                                             const std::optional<std::string>& anchor_uri);

// Errors name the file and what to do; see RealmFolder.
absl::StatusOr<LockedRealm> LockRealm(const std::filesystem::path& state);

// What the ledger is opened for. Only a daemon works on it; who looks changes neither the file nor its log.
enum class LedgerUse { kWork, kLook };

// `device_uri` and `anchor_uri` say where the devices are now, if not where they were at init. Errors name
// the file, server or device and what to do; see RealmFolder, OpenDevice and OpenStoreAt.
absl::StatusOr<OpenedRealm> OpenRealm(LockedRealm realm, const std::optional<std::string>& device_uri,
                                      const std::optional<std::string>& anchor_uri,
                                      const recovery::StorePlace& store, LedgerUse use = LedgerUse::kWork);
absl::StatusOr<OpenedRealm> OpenRealm(const std::filesystem::path& state,
                                      const std::optional<std::string>& device_uri,
                                      const std::optional<std::string>& anchor_uri,
                                      const recovery::StorePlace& store, LedgerUse use = LedgerUse::kWork);

}  // namespace labrec::recoveryd
