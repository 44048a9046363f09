#include "tools/bench/filler.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/ledger.h"
#include "recovery/realm/capacity.h"
#include "recovery/realm/opened_realm.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_key.h"
#include "tests/support/realm/raw_account.h"

namespace labrec::bench {
namespace {

namespace fs = std::filesystem;
namespace rec = labrec::recovery;
using SteadyClock = std::chrono::steady_clock;

constexpr char kTenant[] = "chat";
constexpr size_t kAccountsPerBatch = 8192;
constexpr size_t kConfigBytes = 260;  // one realm, names of ordinary length
constexpr size_t kSealedPrivateBytes = 1054 + 28;
constexpr uintmax_t kLeaveFree = 4ULL << 30;
constexpr double kSayEverySeconds = 10;

struct Placed {
  uint32_t bucket;
  uint64_t number;
};

// Those from `first` to before `end`, in the order of their buckets, so that a batch touches few of them.
std::vector<Placed> PlaceAccounts(const rec::Ledger& ledger, uint64_t first, uint64_t end) {
  std::vector<Placed> placed;
  placed.reserve(end - first);
  for (uint64_t number = first; number < end; ++number) {
    placed.push_back({ledger.BucketOf(rec::AccountHash(kTenant, FilledAccount(number))), number});
  }
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.bucket, a.number) < std::tie(b.bucket, b.number);
  });
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

// All accounts below `whole` are there; those from there to before `end` were begun, in their order.
struct Progress {
  uint64_t whole = 0;
  uint64_t end = 0;
  double seconds = 0;
  uint64_t runs = 0;
};

absl::StatusOr<Progress> ReadProgress(const fs::path& path) {
  if (!fs::exists(path)) return Progress();
  LABREC_ASSIGN_OR_RETURN(const Bytes text, ReadFile(path));
  const auto json = nlohmann::json::parse(AsText(text), nullptr, false);
  if (!json.is_object())
    return absl::DataLossError(absl::StrCat(path.string(), ": is no JSON; remove it all"));
  return Progress{json.value("whole", uint64_t{0}), json.value("end", uint64_t{0}),
                  json.value("seconds", 0.0), json.value("runs", uint64_t{0})};
}

absl::Status WriteProgress(const fs::path& path, const Progress& progress) {
  const nlohmann::json json = {{"whole", progress.whole},
                               {"end", progress.end},
                               {"seconds", progress.seconds},
                               {"runs", progress.runs}};
  return WriteFile(path, AsBytes(json.dump() + "\n"), 0600, Overwrite::kReplace);
}

// One fill: from where the ledger is to the end of what was begun.
class Fill {
 public:
  Fill(rec::Ledger& ledger, const fs::path& progress_file, Progress& progress)
      : ledger_(ledger), progress_file_(progress_file), progress_(progress), before_(progress.seconds) {}

  absl::Status Run() {
    const std::vector<Placed> placed = PlaceAccounts(ledger_, progress_.whole, progress_.end);
    const uint64_t there = ledger_.row_count() / rec::kRowsOfAnAccount;
    if (there < progress_.whole || there > progress_.end) {
      return absl::FailedPreconditionError(
          absl::StrCat("the ledger has ", there, " accounts; ", progress_file_.string(), " says ",
                       progress_.whole, " to ", progress_.end, ": it is another realm's, remove it all"));
    }
    std::vector<rec::RowWrite> rows;
    for (size_t i = there - progress_.whole; i < placed.size(); ++i) {
      filled_.AddRows(placed[i], rows);
      if (rows.size() < rec::kRowsOfAnAccount * kAccountsPerBatch && i + 1 < placed.size()) continue;
      LABREC_RETURN_IF_ERROR(Commit(ledger_, std::exchange(rows, {})));
      LABREC_RETURN_IF_ERROR(Note(progress_.whole + i + 1));
    }
    progress_.whole = progress_.end;
    return WriteProgress(progress_file_, progress_);
  }

 private:
  absl::Status Note(uint64_t accounts) {
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - begun_).count();
    progress_.seconds = before_ + seconds;
    LABREC_RETURN_IF_ERROR(WriteProgress(progress_file_, progress_));
    if (seconds > said_ + kSayEverySeconds) {
      said_ = seconds;
      std::fprintf(stderr, "filled %llu of %llu accounts\n", static_cast<unsigned long long>(accounts),
                   static_cast<unsigned long long>(progress_.end));
    }
    if (fs::space(progress_file_.parent_path()).available >= kLeaveFree) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("the disk has less than 4 GiB left, with ", accounts, " accounts filled"));
  }

  rec::Ledger& ledger_;
  const fs::path& progress_file_;
  Progress& progress_;
  const double before_;
  const SteadyClock::time_point begun_ = SteadyClock::now();
  double said_ = 0;
  Template filled_;
};

}  // namespace

std::string FilledAccount(uint64_t number) {
  return absl::StrCat("filled-", number);
}

absl::StatusOr<Filled> FillLedger(const fs::path& realm_folder, const fs::path& progress_file,
                                  uint64_t count) {
  LABREC_ASSIGN_OR_RETURN(Progress progress, ReadProgress(progress_file));
  if (count < progress.end) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the realm has ", progress.end, " accounts, or is to have them, not ", count, ": it grows only"));
  }
  LABREC_ASSIGN_OR_RETURN(recoveryd::OpenedRealm realm,
                          recoveryd::OpenRealm(realm_folder, std::nullopt, std::nullopt, {}));
  LABREC_ASSIGN_OR_RETURN(
      const auto ledger,
      rec::Ledger::Open(*realm.store, *realm.anchor_device().freshness_anchor(), realm.manifest.realm_id));
  while (progress.whole < count) {
    if (progress.end == progress.whole) progress.end = count;
    LABREC_RETURN_IF_ERROR(WriteProgress(progress_file, progress));
    LABREC_RETURN_IF_ERROR(Fill(*ledger, progress_file, progress).Run());
  }
  const Filled filled{progress.whole, progress.seconds, progress.runs};
  ++progress.runs;
  LABREC_RETURN_IF_ERROR(WriteProgress(progress_file, progress));
  return filled;
}

}  // namespace labrec::bench
