#include "tools/admin/accept/accepted_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/ledger/bucket.h"
#include "recovery/ledger/start_up.h"
#include "recovery/record/accept/accepting.h"
#include "recovery/record/accept/discarding.h"
#include "recovery/record/codec/row_frame.h"

namespace labrec::admin {

using recovery::RowAddress;
using recovery::Standing;

absl::StatusOr<AcceptedRows> AcceptedRows::Find(recoveryd::OpenedRealm& realm, hsm::FreshnessAnchor& anchor,
                                                uint32_t floor, bool take_unvouched) {
  const Bytes& realm_id = realm.manifest.realm_id;
  LABREC_ASSIGN_OR_RETURN(const recovery::HeadRow head, recovery::ReadRealmHead(*realm.store, realm_id));
  LABREC_ASSIGN_OR_RETURN(auto vouched, recovery::VouchedRows::Find(*realm.store, anchor, realm_id));
  if (!vouched.any().ok() && !take_unvouched) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the device vouches for none of the rows: ", vouched.any().message(),
        ". Put a copy back that it vouches for; or, if you know that nobody has edited this one, say ",
        kTakeUnvouched));
  }
  AcceptedRows rows(std::move(vouched), head.bucket_exponent, floor, take_unvouched);
  LABREC_RETURN_IF_ERROR(rows.Survey());
  return rows;
}

// Rows are discarded before any is taken, as what a record keeps depends on its account.
absl::Status AcceptedRows::Survey() {
  return rows_.ForEachRow([this](const RowAddress& address, ByteView row, Standing standing) {
    // What a later release wrote would be discarded, though the device vouches for it.
    if (standing == Standing::kVouched && recovery::IsOfLaterRelease(row)) {
      return absl::FailedPreconditionError(
          "the ledger has rows that a later release of this software wrote: accept it with that release. "
          "Nothing was changed");
    }
    if (standing != Standing::kVouched) ++counts_.unvouched;
    if (FateOf(address, row, standing) == Fate::kDiscarded) {
      ++counts_.discarded;
      discarded_.insert(address.key);
    }
    return absl::OkStatus();
  });
}

bool AcceptedRows::LiesWhereItBelongs(const RowAddress& address, ByteView row) const {
  const absl::StatusOr<recovery::RowPlace> place = recovery::PlaceOf(row);
  return place.ok() && place->key == address.key &&
         recovery::BucketOfHash(place->account_hash, bucket_exponent_) == address.bucket;
}

AcceptedRows::Fate AcceptedRows::FateOf(const RowAddress& address, ByteView row, Standing standing) const {
  if (standing == Standing::kUnnamed && !take_unvouched_) return Fate::kLeftOut;
  if (standing != Standing::kVouched && !take_unvouched_) return Fate::kDiscarded;
  return LiesWhereItBelongs(address, row) ? Fate::kTaken : Fate::kDiscarded;
}

absl::StatusOr<std::optional<Bytes>> AcceptedRows::Next(const RowAddress& address, ByteView row,
                                                        Standing standing) const {
  switch (FateOf(address, row, standing)) {
    case Fate::kLeftOut:
      return std::optional<Bytes>();
    case Fate::kDiscarded:
      return std::optional<Bytes>(recovery::DiscardedRow());
    case Fate::kTaken:
      break;
  }
  LABREC_ASSIGN_OR_RETURN(const recovery::RowPlace place, recovery::PlaceOf(row));
  return recovery::AcceptRow(
      row, {floor_, standing == Standing::kVouched, discarded_.contains(place.account_key)});
}

void AcceptedRows::Fill(recovery::ReanchorRequest& rebuild) {
  rebuild.rows = [this](const recovery::ReanchorRequest::VisitRow& visit) {
    return rows_.ForEachRow([&](const RowAddress& address, ByteView row, Standing standing) {
      standing_ = standing;
      return visit(address, row);
    });
  };
  rebuild.transform = [this](const RowAddress& address, ByteView row) {
    return Next(address, row, standing_);
  };
}

std::string AcceptedRows::Meaning() const {
  if (counts_.unvouched == 0) return "";
  const std::string rows =
      absl::StrCat("\n", counts_.unvouched, " rows are not those that the device vouches for. ");
  if (take_unvouched_) {
    return absl::StrCat(rows,
                        "They are taken as they are: whoever edited them chose their devices, floors and "
                        "guesses. ",
                        counts_.discarded, " of all rows cannot be read, or are missing, and are discarded.");
  }
  return absl::StrCat(rows, counts_.discarded,
                      " are discarded: their records are destroyed, and their accounts lose their devices. "
                      "The others were made up, and are left out.");
}

}  // namespace labrec::admin
