#include "recovery/ledger/ledger.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/ledger/head.h"
#include "recovery/ledger/ledger_impl.h"
#include "recovery/ledger/start_up.h"

namespace labrec::recovery {
namespace {

// Anchors a durable state that another run prepared: prepares the same state anew, so that this run's
// evidence vouches for it, which no other run can end (hsm/pkcs11/freshness_anchor.h numbers the steps that
// would). Storage has the new evidence before the old one ends. Where the device makes the same evidence
// again (a TPM), nothing is written.
absl::Status RollForward(Store& store, hsm::FreshnessAnchor& anchor, HeadRow& head) {
  LABREC_ASSIGN_OR_RETURN(Bytes evidence, anchor.Prepare(head.epoch, HeadDigest(head)));
  if (evidence != head.evidence) {
    head.evidence = std::move(evidence);
    StoreBatch batch;
    batch.head = head;
    LABREC_RETURN_IF_ERROR(store.Write(batch));
  }
  return anchor.Commit(head.epoch);
}

// Where the device stands, if it takes the head for fresh or one ahead.
absl::StatusOr<hsm::FreshnessReport> Judge(hsm::FreshnessAnchor& anchor, const HeadRow& head) {
  LABREC_ASSIGN_OR_RETURN(const hsm::FreshnessReport report,
                          anchor.Check(head.epoch, HeadDigest(head), head.evidence));
  LABREC_RETURN_IF_ERROR(ExplainFreshness(head, report));
  return report;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Create(Store& store, hsm::FreshnessAnchor& anchor,
                                                       ByteView realm_id, uint32_t bucket_exponent) {
  if (bucket_exponent > kMaxBucketExponent || realm_id.empty() || realm_id.size() > UINT16_MAX) {
    return absl::InvalidArgumentError(absl::StrCat("a ledger has 2^0 to 2^", kMaxBucketExponent,
                                                   " buckets and a realm id of 1 to 65535 bytes"));
  }
  LABREC_ASSIGN_OR_RETURN(const std::optional<HeadRow> present, store.ReadHead());
  if (present.has_value())
    return absl::AlreadyExistsError("storage holds a ledger already: it is left as it is");
  LABREC_RETURN_IF_ERROR(anchor.Claim());
  LABREC_ASSIGN_OR_RETURN(const uint64_t device_epoch, anchor.CurrentEpoch());
  MerkleTree tree(bucket_exponent);
  StoreBatch batch;
  batch.head = {device_epoch + 1, tree.root(), ToBytes(realm_id), bucket_exponent, 0, 0, {}};
  LABREC_ASSIGN_OR_RETURN(batch.head.evidence, anchor.Prepare(batch.head.epoch, HeadDigest(batch.head)));
  LABREC_RETURN_IF_ERROR(store.Write(batch));
  LABREC_RETURN_IF_ERROR(anchor.Commit(batch.head.epoch));
  return std::make_unique<LedgerImpl>(store, anchor, std::move(batch.head), std::move(tree), device_epoch,
                                      Reads::kFromStorage);
}

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Open(Store& store, hsm::FreshnessAnchor& anchor,
                                                     ByteView realm_id, OpenReport* report, Reads reads) {
  // Judged first, and the device is only read: a claim ends the run that serves now, so a stale copy must not
  // get that far.
  LABREC_ASSIGN_OR_RETURN(HeadRow head, ReadRealmHead(store, realm_id));
  LABREC_RETURN_IF_ERROR(Judge(anchor, head).status());
  LABREC_ASSIGN_OR_RETURN(MerkleTree tree, LoadTree(store, head));
  LABREC_RETURN_IF_ERROR(store.MakeDurable());
  // From here on no other run answers (hsm/freshness_anchor.h). Before it, one may have committed.
  LABREC_RETURN_IF_ERROR(anchor.Claim());
  LABREC_ASSIGN_OR_RETURN(const hsm::FreshnessReport found, Judge(anchor, head));
  const bool rolls_forward = found.freshness == hsm::Freshness::kOneAhead;
  if (rolls_forward) LABREC_RETURN_IF_ERROR(RollForward(store, anchor, head));

  auto ledger = std::make_unique<LedgerImpl>(store, anchor, std::move(head), std::move(tree),
                                             found.device_epoch, reads);
  // The fences. Without any:
  //   1. crash after a batch was written and before it was anchored; 2. hide that state, show the one before;
  //   3. another batch takes the same epoch and is answered; 4. bring the hidden state back: it is fresh.
  // With a single one, where nothing was rolled forward, storage may hold another good state of its epoch:
  //   1. as above, the batch counts element x; 2. hide it; the next run's fence takes its epoch; crash;
  //   3. one more run; crash when its fence is written; hide that; 4. bring the state of 1 back: its fence
  //   has the epoch of the hidden one, and x is answered as it is counted already; 5. show the hidden state
  //   of 3: it is fresh, and knows nothing of x.
  do {
    LABREC_RETURN_IF_ERROR(ledger->Fence());
  } while (!ledger->settled());
  if (report != nullptr) *report = {ledger->epoch(), rolls_forward};
  return ledger;
}

}  // namespace labrec::recovery
