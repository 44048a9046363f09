#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

#include "hsm/base/hash.h"
#include "recovery/ledger/reanchor.h"
#include "recovery/ledger/vouched_rows.h"
#include "recovery/realm/opened_realm.h"

namespace labrec::admin {

inline constexpr char kTakeUnvouched[] = "--take-unvouched-rows";

// What "anchor accept" makes of the rows of a ledger that is refused. Rows that the device vouches for are
// taken, with their guesses lowered. Where it does not, or a row is missing, a tombstone takes the row's
// place (recovery/record/accept/discarding.h), and what devices of a discarded account registered and nobody
// activated goes. A row that was not in a bucket which the device vouches for is left out. With
// `take_unvouched` what nobody vouches for is taken too, if it can be read and lies where it belongs.
//
// Believed without proof: that the moment whose rows the device vouches for is one that the operator wants;
// and that an account whose row is gone from a bucket for which nobody vouches never was.
class AcceptedRows {
 public:
  struct Counts {
    uint64_t unvouched = 0;  // doubtful, missing, or not in the tree
    uint64_t discarded = 0;  // tombstones that take the place of rows
  };

  // Goes through all rows once and changes nothing. FAILED_PRECONDITION: the device vouches for none, and
  // `take_unvouched` is not said. The realm's store and the anchor outlive the object.
  static absl::StatusOr<AcceptedRows> Find(recoveryd::OpenedRealm& realm, hsm::FreshnessAnchor& anchor,
                                           uint32_t floor, bool take_unvouched);

  const Counts& counts() const { return counts_; }
  // For the operator, before he confirms; empty if the device vouches for every row.
  std::string Meaning() const;
  // Gives the rebuild its rows, and what becomes of them. This object outlives the rebuild, and stays where
  // it is.
  void Fill(recovery::ReanchorRequest& rebuild);

 private:
  enum class Fate { kTaken, kDiscarded, kLeftOut };

  AcceptedRows(recovery::VouchedRows rows, uint32_t bucket_exponent, uint32_t floor, bool take_unvouched)
      : rows_(std::move(rows)),
        bucket_exponent_(bucket_exponent),
        floor_(floor),
        take_unvouched_(take_unvouched) {}

  absl::Status Survey();
  Fate FateOf(const recovery::RowAddress& address, ByteView row, recovery::Standing standing) const;
  bool LiesWhereItBelongs(const recovery::RowAddress& address, ByteView row) const;
  absl::StatusOr<std::optional<Bytes>> Next(const recovery::RowAddress& address, ByteView row,
                                            recovery::Standing standing) const;

  recovery::VouchedRows rows_;
  const uint32_t bucket_exponent_;
  const uint32_t floor_;
  const bool take_unvouched_;
  std::set<Digest> discarded_;                                   // keys
  recovery::Standing standing_ = recovery::Standing::kDoubtful;  // of the row that is being rebuilt
  Counts counts_;
};

}  // namespace labrec::admin
