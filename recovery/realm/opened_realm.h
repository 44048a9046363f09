#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/device.h"
#include "recovery/realm/folder.h"
#include "recovery/store/sqlite/sqlite_store.h"

namespace labrec::recoveryd {

// A realm's folder, its devices and its store, opened for this process alone.
struct OpenedRealm {
  recovery::RealmFolder folder;
  recovery::RealmLock lock;
  recovery::RealmManifest manifest;
  std::unique_ptr<hsm::Device> key_device;
  std::unique_ptr<hsm::Device> own_anchor_device;  // null: the key device is the anchor too
  std::unique_ptr<recovery::SqliteStore> store;

  hsm::Device& anchor_device() { return own_anchor_device ? *own_anchor_device : *key_device; }
};

// `device_uri` and `anchor_uri` say where the devices are now, if not where they were at init. Errors name
// the file or device and what to do; see RealmFolder, OpenDevice and OpenSqliteStore.
absl::StatusOr<OpenedRealm> OpenRealm(const std::filesystem::path& state,
                                      const std::optional<std::string>& device_uri,
                                      const std::optional<std::string>& anchor_uri);

}  // namespace labrec::recoveryd
