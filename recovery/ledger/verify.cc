#include "recovery/ledger/verify.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/bucket.h"
#include "recovery/ledger/head.h"
#include "recovery/ledger/merkle.h"
#include "recovery/ledger/start_up.h"

namespace labrec::recovery {
namespace {

constexpr size_t kProblemsKept = 100;
constexpr uint64_t kRowsPerReport = 1000;

// Goes through buckets and rows side by side, both in ascending order.
class Walk {
 public:
  Walk(Store& store, const MerkleTree& tree, ContentReport& report,
       const std::function<void(const VerifyProgress&)>& progress)
      : store_(store), tree_(tree), report_(report), progress_(progress) {
    report_.walked.rows_expected = report_.head.records;
  }

  absl::Status Run() {
    const absl::Status rows = store_.ForEachRow(
        [this](const RowAddress& address, ByteView content) { return Row(address, content); });
    LABREC_RETURN_IF_ERROR(rows);
    LABREC_RETURN_IF_ERROR(GoTo(tree_.bucket_count()));
    EndBucket();
    if (report_.walked.rows != report_.head.records) {
      Problem(
          absl::StrCat("the head counts ", report_.head.records, " rows, there are ", report_.walked.rows));
    }
    Report();
    return absl::OkStatus();
  }

  void Problem(std::string what) {
    if (++report_.problem_count <= kProblemsKept) report_.problems.push_back(std::move(what));
  }

 private:
  absl::Status Row(const RowAddress& address, ByteView content) {
    ++report_.walked.rows;
    report_.walked.bytes += content.size();
    if (report_.walked.rows % kRowsPerReport == 0) Report();
    const std::string name = absl::StrCat("row ", Hex(address.key), " of bucket ", address.bucket);
    if (address.bucket >= tree_.bucket_count() || address.bucket + uint64_t{1} < next_bucket_) {
      Problem(absl::StrCat(name, " is out of place"));
      return absl::OkStatus();
    }
    LABREC_RETURN_IF_ERROR(GoTo(address.bucket + uint64_t{1}));
    const std::optional<Digest> expected = directory_.Find(address.key);
    if (!expected.has_value()) {
      Problem(absl::StrCat(name, " is not in its directory"));
    } else if (Sha256(content) != *expected) {
      Problem(absl::StrCat(name, " does not hold what its directory says"));
    }
    directory_.Remove(address.key);
    return absl::OkStatus();
  }

  // Ends the current bucket and opens the following ones, until `next` is the next to open.
  absl::Status GoTo(uint64_t next) {
    while (next_bucket_ < next) {
      EndBucket();
      LABREC_RETURN_IF_ERROR(BeginBucket(static_cast<uint32_t>(next_bucket_)));
      ++next_bucket_;
    }
    return absl::OkStatus();
  }

  absl::Status BeginBucket(uint32_t bucket) {
    LABREC_ASSIGN_OR_RETURN(const Bytes bytes, store_.ReadDirectory(bucket));
    if (BucketDigest(bucket, bytes) != tree_.leaf(bucket)) {
      Problem(absl::StrCat("the directory of bucket ", bucket, " does not fit its digest"));
    }
    absl::StatusOr<BucketDirectory> parsed = BucketDirectory::Parse(bytes);
    if (!parsed.ok()) Problem(absl::StrCat("bucket ", bucket, ": ", parsed.status().message()));
    directory_ = parsed.ok() ? *std::move(parsed) : BucketDirectory();
    return absl::OkStatus();
  }

  // What is left of the directory has no row.
  void EndBucket() {
    for (const BucketDirectory::Entry& entry : directory_.entries()) {
      Problem(absl::StrCat("row ", Hex(entry.key), " of bucket ", next_bucket_ - 1, " is missing"));
    }
    directory_ = BucketDirectory();
  }

  void Report() {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun_;
    report_.walked.seconds = passed.count();
    if (progress_) progress_(report_.walked);
  }

  Store& store_;
  const MerkleTree& tree_;
  ContentReport& report_;
  const std::function<void(const VerifyProgress&)>& progress_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  uint64_t next_bucket_ = 0;
  BucketDirectory directory_;
};

absl::Status WalkAll(Store& store, ContentReport& report,
                     const std::function<void(const VerifyProgress&)>& progress) {
  LABREC_ASSIGN_OR_RETURN(const MerkleTree tree, LoadTreeUnchecked(store, report.head.bucket_exponent));
  Walk walk(store, tree, report, progress);
  if (tree.root() != report.head.root) walk.Problem("the bucket digests do not make up the head's root");
  return walk.Run();
}

absl::StatusOr<StartUpReport> CheckHead(Store& store, hsm::FreshnessAnchor& anchor, ByteView realm_id) {
  StartUpReport report;
  LABREC_ASSIGN_OR_RETURN(report.head, ReadRealmHead(store, realm_id));
  LABREC_ASSIGN_OR_RETURN(report.freshness,
                          anchor.Check(report.head.epoch, HeadDigest(report.head), report.head.evidence));
  report.verdict = ExplainFreshness(report.head, report.freshness);
  return report;
}

}  // namespace

absl::StatusOr<StartUpReport> CheckStartUp(Store& store, hsm::FreshnessAnchor& anchor, ByteView realm_id) {
  LABREC_ASSIGN_OR_RETURN(StartUpReport report, CheckHead(store, anchor, realm_id));
  if (report.verdict.ok()) report.verdict = LoadTree(store, report.head).status();
  return report;
}

absl::StatusOr<ContentReport> VerifyContent(Store& store, ByteView realm_id,
                                            const std::function<void(const VerifyProgress&)>& progress) {
  ContentReport report;
  LABREC_ASSIGN_OR_RETURN(report.head, ReadRealmHead(store, realm_id));
  LABREC_RETURN_IF_ERROR(WalkAll(store, report, progress));
  return report;
}

absl::StatusOr<VerifyReport> VerifyAll(Store& store, hsm::FreshnessAnchor& anchor, ByteView realm_id,
                                       const std::function<void(const VerifyProgress&)>& progress) {
  LABREC_ASSIGN_OR_RETURN(StartUpReport start, CheckHead(store, anchor, realm_id));
  VerifyReport report;
  report.head = std::move(start.head);
  report.freshness = start.freshness;
  if (!start.verdict.ok()) {
    report.problems.emplace_back(start.verdict.message());
    report.problem_count = 1;
  }
  LABREC_RETURN_IF_ERROR(WalkAll(store, report, progress));
  return report;
}

}  // namespace labrec::recovery
