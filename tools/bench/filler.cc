#include "tools/bench/filler.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/status_macros.h"
#include "hsm/open_device.h"
#include "recovery/ledger/ledger.h"
#include "recovery/realm/folder.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_key.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/realm/raw_account.h"

namespace labrec::bench {
namespace {

namespace rec = labrec::recovery;

constexpr char kTenant[] = "chat";
constexpr size_t kAccountsPerBatch = 8192;
constexpr size_t kConfigBytes = 260;  // one realm, names of ordinary length
constexpr size_t kSealedPrivateBytes = 1054 + 28;

struct Placed {
  uint32_t bucket;
  uint64_t number;
};

// In the order of their buckets, so that a batch touches few of them.
std::vector<Placed> PlaceAccounts(const rec::Ledger& ledger, uint64_t count) {
  std::vector<Placed> placed;
  placed.reserve(count);
  for (uint64_t number = 0; number < count; ++number) {
    placed.push_back({ledger.BucketOf(rec::AccountHash(kTenant, FilledAccount(number))), number});
  }
  std::sort(placed.begin(), placed.end(),
            [](const Placed& a, const Placed& b) { return a.bucket < b.bucket; });
  return placed;
}

// What all filled accounts have in common; name and nonce differ.
class Template {
 public:
  Template() {
    const EcdsaPublicKey device = EcdsaPrivateKey::Generate().public_key();
    account_ = {
        kTenant, "", {{device.DeviceId(), device, "phone", 1, rec::EnrolledBy::kFirst}}, {test::kRawRecord}};
    rec::RecordVersion version;
    version.number = test::kRawVersion;
    version.stage = rec::Stage::kActive;
    version.config = Bytes(kConfigBytes, 'c');
    version.commitment = Bytes(32, 'm');
    version.unlock_key = EcdsaPrivateKey::Generate().public_key();
    version.sealed_private = Bytes(kSealedPrivateBytes, 's');
    version.guess_limit = test::kRawLimit;
    record_.name = {kTenant, "", test::kRawRecord};
    record_.highest_version = test::kRawVersion;
    record_.versions = {std::move(version)};
  }

  void AddRows(const Placed& place, std::vector<rec::RowWrite>& rows) {
    account_.account = record_.name.account = FilledAccount(place.number);
    const Digest nonce = Sha256(record_.name.account);
    std::copy(nonce.begin(), nonce.end(), record_.versions.front().nonce.begin());
    rows.push_back(
        {{place.bucket, rec::AccountRowKey(kTenant, account_.account)}, rec::EncodeAccount(account_)});
    rows.push_back({{place.bucket, rec::RecordRowKey(record_.name)}, rec::EncodeRecord(record_)});
  }

 private:
  rec::Account account_;
  rec::Record record_;
};

absl::Status Commit(rec::Ledger& ledger, std::vector<rec::RowWrite> rows) {
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<rec::StagedBatch> staged, ledger.Stage(std::move(rows)));
  LABREC_RETURN_IF_ERROR(ledger.Persist(*staged));
  return ledger.Anchor(*staged);
}

}  // namespace

std::string FilledAccount(uint64_t number) {
  return absl::StrCat("filled-", number);
}

absl::Status FillLedger(const std::filesystem::path& realm_folder, uint64_t count) {
  const rec::RealmFolder folder(realm_folder);
  LABREC_ASSIGN_OR_RETURN(const rec::RealmManifest manifest, folder.ReadManifest());
  LABREC_ASSIGN_OR_RETURN(const rec::RealmLock lock, rec::RealmLock::Take(folder));
  LABREC_ASSIGN_OR_RETURN(const SecretBytes authorization, folder.ReadDeviceAuth());
  LABREC_ASSIGN_OR_RETURN(const auto device,
                          hsm::OpenDevice({manifest.device.uri}, manifest.device.state, authorization));
  LABREC_ASSIGN_OR_RETURN(const auto store, rec::OpenSqliteStore(folder.LedgerPath()));
  LABREC_ASSIGN_OR_RETURN(const auto ledger,
                          rec::Ledger::Open(*store, *device->freshness_anchor(), manifest.realm_id));
  Template filled;
  std::vector<rec::RowWrite> rows;
  const std::vector<Placed> placed = PlaceAccounts(*ledger, count);
  for (size_t i = 0; i < placed.size(); ++i) {
    filled.AddRows(placed[i], rows);
    if (rows.size() < 2 * kAccountsPerBatch && i + 1 < placed.size()) continue;
    LABREC_RETURN_IF_ERROR(Commit(*ledger, std::exchange(rows, {})));
  }
  return absl::OkStatus();
}

}  // namespace labrec::bench
