#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/bucket.h"
#include "recovery/store/sealed/row_sealing.h"
#include "recovery/store/sealed/sealed_store.h"

namespace labrec::recovery {
namespace {

constexpr size_t kBucketsAtOnce = 64;

absl::Status NotTheLedgers(uint32_t bucket, std::string_view what) {
  return absl::DataLossError(absl::StrCat(
      "bucket ", bucket, ": ", std::string(what),
      " is not what the ledger knows: storage was edited or is damaged. It is left as it lies, and no period "
      "key is destroyed; 'labyrinth-admin anchor verify' names all that is damaged"));
}

}  // namespace

std::vector<uint32_t> SealedStore::BucketsWithRows() {
  const std::lock_guard lock(mutex_);
  std::vector<uint32_t> buckets;
  for (uint32_t bucket = 0; bucket < digests_.size(); ++bucket) {
    if (digests_[bucket] != Digest{}) buckets.push_back(bucket);
  }
  return buckets;
}

absl::Status SealedStore::Reseal(const std::function<bool(Progress)>& go_on) {
  // What comes later is written under the current key anyway.
  const std::vector<uint32_t> buckets = BucketsWithRows();
  for (size_t done = 0; done < buckets.size();) {
    if (!go_on({done, buckets.size()})) return absl::CancelledError("sealing anew was stopped");
    {
      std::unique_lock waiting(waiting_mutex_);
      write_done_.wait(waiting, [this] { return writes_waiting_ == 0; });
    }
    const size_t some = std::min(kBucketsAtOnce, buckets.size() - done);
    LABREC_RETURN_IF_ERROR(ResealSome(std::span(buckets).subspan(done, some)));
    done += some;
  }
  go_on({buckets.size(), buckets.size()});
  return absl::OkStatus();
}

absl::Status SealedStore::ResealSome(std::span<const uint32_t> buckets) {
  const std::lock_guard lock(mutex_);
  if (!head_) return absl::FailedPreconditionError("no ledger is open on this storage");
  LABREC_ASSIGN_OR_RETURN(const std::vector<Bytes> stored, inner_->ReadDirectories(buckets));
  StoreBatch batch;
  batch.head = *head_;
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (digests_[buckets[i]] == Digest{}) continue;  // its last row went meanwhile
    LABREC_RETURN_IF_ERROR(ResealOne(buckets[i], stored[i], batch));
  }
  return batch.buckets.empty() ? absl::OkStatus() : inner_->Write(batch);
}

// Only a directory that fits the ledger's digest is carried over. Storage could show one of an earlier time
// otherwise, with the keys of rows that are no more, and would have it sealed under the key that stays.
absl::Status SealedStore::ResealOne(uint32_t bucket, const Bytes& stored, StoreBatch& batch) {
  absl::StatusOr<OpenedBucket> opened = OpenStored(bucket, stored);
  LABREC_RETURN_IF_ERROR(opened.status());
  if (BucketDigest(bucket, opened->directory()) != digests_[bucket]) {
    return NotTheLedgers(bucket, "its directory");
  }
  const hsm::PeriodKeyId current = *ring_.current();
  const size_t rows_before = batch.rows.size();
  LABREC_RETURN_IF_ERROR(SealOpenRows(bucket, *opened, batch));
  if (IsSealed(stored) && batch.rows.size() == rows_before) {
    LABREC_ASSIGN_OR_RETURN(const SealedUnder under, ReadSealedUnder(stored));
    if (under.number == current.number && under.nonce == current.nonce) return absl::OkStatus();
  }
  LABREC_ASSIGN_OR_RETURN(const SecretBytes key, ring_.BucketKey({current.number, current.nonce}, bucket));
  batch.buckets.push_back({bucket, digests_[bucket], opened->Seal(current, bucket, key)});
  return absl::OkStatus();
}

absl::Status SealedStore::SealOpenRows(uint32_t bucket, OpenedBucket& opened, StoreBatch& batch) {
  std::vector<size_t> open_rows;
  std::vector<RowAddress> addresses;
  for (size_t row = 0; row < opened.rows(); ++row) {
    if (!opened.is_open(row)) continue;
    RowAddress address{bucket, {}};
    std::ranges::copy(opened.entry(row).first(address.key.size()), address.key.begin());
    open_rows.push_back(row);
    addresses.push_back(address);
  }
  if (addresses.empty()) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const std::vector<std::optional<Bytes>> contents, inner_->ReadRows(addresses));
  for (size_t i = 0; i < open_rows.size(); ++i) {
    const ByteView wanted = opened.entry(open_rows[i]).subspan(addresses[i].key.size());
    if (!contents[i] || !std::ranges::equal(Sha256(*contents[i]), wanted)) {
      return NotTheLedgers(bucket, "a row");
    }
    SealedRow sealed = SealRow(addresses[i], *contents[i]);
    opened.SetKey(open_rows[i], sealed.key);
    batch.rows.push_back({addresses[i], std::move(sealed.content)});
  }
  return absl::OkStatus();
}

}  // namespace labrec::recovery
