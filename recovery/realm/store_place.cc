#include "recovery/realm/store_place.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/postgres/postgres_follower.h"
#include "recovery/store/postgres/postgres_store.h"

namespace labrec::recovery {
namespace {

PostgresOptions OptionsFor(const StorePlace& place, StoreUse use) {
  PostgresOptions options;
  options.url = place.url;
  options.replicas = place.replicas;
  options.standby_names = place.standby_names;
  if (use == StoreUse::kLook) options.open = PostgresOptions::Open::kReadOnly;
  if (use == StoreUse::kCreate) options.open = PostgresOptions::Open::kCreateIfMissing;
  if (use == StoreUse::kTakeOver) options.open = PostgresOptions::Open::kTakeOver;
  return options;
}

PostgresOptions OptionsForRebuilt(const StorePlace& place, StoreUse use) {
  PostgresOptions options = OptionsFor(place, use);
  options.tables = PostgresOptions::Tables::kRebuilt;
  return options;
}

absl::StatusOr<PlacedStore> OpenFile(const RealmFolder& folder, StoreUse use) {
  SqliteOptions options;
  if (use == StoreUse::kLook) options.open = SqliteOptions::Open::kReadOnly;
  if (use == StoreUse::kCreate) options.open = SqliteOptions::Open::kCreateIfMissing;
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = OpenSqliteStore(folder.LedgerPath(), options);
  if (absl::IsNotFound(store.status())) {
    return absl::NotFoundError(absl::StrCat(
        store.status().message(),
        "; if it is in PostgreSQL, name the daemon's configuration with its [store] url (--config FILE)"));
  }
  LABREC_RETURN_IF_ERROR(store.status());
  SqliteStore* const file = store->get();
  return PlacedStore{*std::move(store), file, nullptr, nullptr};
}

absl::StatusOr<PlacedStore> OpenServer(const StorePlace& place, StoreUse use) {
  LABREC_ASSIGN_OR_RETURN(auto store, OpenPostgresStore(OptionsFor(place, use)));
  PostgresStore* const server = store.get();
  return PlacedStore{std::move(store), nullptr, nullptr, [server] { return server->figures(); }};
}

}  // namespace

absl::Status CheckStorePlace(const StorePlace& place) {
  return place.in_folder() ? absl::OkStatus() : CheckPostgresOptions(OptionsFor(place, StoreUse::kWork));
}

absl::StatusOr<PlacedStore> OpenStoreAt(const RealmFolder& folder, const StorePlace& place, StoreUse use) {
  std::error_code error;
  if (!place.in_folder() && use != StoreUse::kCreate && std::filesystem::exists(folder.LedgerPath(), error)) {
    return absl::FailedPreconditionError(
        absl::StrCat("[store] url names PostgreSQL, and ", folder.LedgerPath().string(),
                     " is there too: take the url out, or move the file's ledger with 'labyrinth-admin store "
                     "migrate'"));
  }
  return place.in_folder() ? OpenFile(folder, use) : OpenServer(place, use);
}

absl::Status UseKeys(hsm::PeriodKeys* keys, PlacedStore& placed) {
  if (keys == nullptr) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<SealedStore> sealed,
                          SealedStore::Over(std::move(placed.store), *keys));
  placed.sealed = sealed.get();
  placed.store = std::move(sealed);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Store>> WithKeys(hsm::PeriodKeys* keys, std::unique_ptr<Store> store) {
  if (keys == nullptr) return store;
  return SealedStore::Over(std::move(store), *keys);
}

absl::StatusOr<std::unique_ptr<Store>> OpenFileWith(hsm::PeriodKeys* keys, const std::filesystem::path& file,
                                                    const SqliteOptions& options) {
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Store> store, OpenSqliteStore(file, options));
  return WithKeys(keys, std::move(store));
}

absl::StatusOr<std::unique_ptr<StoreFollower>> OpenFollowerAt(const StorePlace& place) {
  if (!place.in_folder()) return OpenPostgresFollower(OptionsFor(place, StoreUse::kLook));
  return absl::InvalidArgumentError(
      "[store] url is missing: a second host reaches a ledger in PostgreSQL only");
}

absl::StatusOr<std::unique_ptr<Store>> OpenRebuiltAt(const StorePlace& place, StoreUse use) {
  return OpenPostgresStore(OptionsForRebuilt(place, use));
}

absl::Status PutRebuiltInPlaceAt(const StorePlace& place) {
  return PutRebuiltInPlace(OptionsFor(place, StoreUse::kWork));
}

absl::Status RemoveRebuiltAt(const StorePlace& place) {
  return RemovePostgresLedger(OptionsForRebuilt(place, StoreUse::kWork));
}

absl::Status RemoveStoreAt(const StorePlace& place) {
  return RemovePostgresLedger(OptionsFor(place, StoreUse::kWork));
}

}  // namespace labrec::recovery
