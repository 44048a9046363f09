#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/period_keys.h"
#include "recovery/realm/folder.h"
#include "recovery/store/figures.h"
#include "recovery/store/follower.h"
#include "recovery/store/sealed/sealed_store.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// Where a realm's ledger is: in a file of its folder, or in PostgreSQL ([store] of the daemon's
// configuration; realm.json does not say it, as servers move).
struct StorePlace {
  std::string url;  // "postgresql://..."; empty: the file in the folder
  uint32_t replicas = 0;
  std::vector<std::string> standby_names;

  bool in_folder() const { return url.empty(); }
};

// INVALID_ARGUMENT if it names no place; nothing is connected to. Says nothing of the URL's password.
absl::Status CheckStorePlace(const StorePlace& place);

enum class StoreUse {
  kWork,
  kLook,      // neither file nor tables are ever changed
  kCreate,    // as kWork, and makes an empty one where there is none
  kTakeOver,  // as kWork, and ends the session of a process that works on it on another host
};

struct PlacedStore {
  std::unique_ptr<Store> store;
  SqliteStore* file = nullptr;              // the file below it, if it is one
  SealedStore* sealed = nullptr;            // the store, if it was opened with period keys
  std::function<StorageFigures()> figures;  // of it, if it is on a server; lives as long as the store
};

// Errors: OpenSqliteStore and OpenPostgresStore. FAILED_PRECONDITION besides: the ledger is in PostgreSQL,
// and the folder has one too, so that nobody can say which is the realm's.
// What is sealed there can be read with UseKeys only, but for the head.
absl::StatusOr<PlacedStore> OpenStoreAt(const RealmFolder& folder, const StorePlace& place, StoreUse use);

// From now on the store is read and written with the period keys of the anchor's device (SealedStore); as it
// is where that has no such thing.
absl::Status UseKeys(hsm::PeriodKeys* keys, PlacedStore& placed);

// The same of a store alone; and of a file by whatever name.
absl::StatusOr<std::unique_ptr<Store>> WithKeys(hsm::PeriodKeys* keys, std::unique_ptr<Store> store);
absl::StatusOr<std::unique_ptr<Store>> OpenFileWith(hsm::PeriodKeys* keys, const std::filesystem::path& file,
                                                    const SqliteOptions& options = {});

// To look at the ledger beside the process that works on it. INVALID_ARGUMENT: it is in a folder, which only
// one host has.
absl::StatusOr<std::unique_ptr<StoreFollower>> OpenFollowerAt(const StorePlace& place);

// A ledger that is rebuilt on the server beside the one that is there, and put in its place. Errors as
// OpenStoreAt; kWork: NOT_FOUND if there is none. Put in place and Remove: nobody has it open.
absl::StatusOr<std::unique_ptr<Store>> OpenRebuiltAt(const StorePlace& place, StoreUse use);
absl::Status PutRebuiltInPlaceAt(const StorePlace& place);
absl::Status RemoveRebuiltAt(const StorePlace& place);

// Takes away what OpenStoreAt with kCreate made in PostgreSQL, with all that was written to it.
absl::Status RemoveStoreAt(const StorePlace& place);

}  // namespace labrec::recovery
