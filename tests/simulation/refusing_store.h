#pragma once

#include <memory>
#include <optional>

#include "recovery/store/store.h"

namespace labrec::sim {

// Storage whose owner may say that there is no room for a batch, and keeps what he was given of it: with the
// batch's evidence he can make the state that it would have led to.
class RefusingStore final : public recovery::Store {
 public:
  explicit RefusingStore(std::unique_ptr<recovery::Store> real) : real_(std::move(real)) {}

  // The next batch that changes a row is refused.
  void RefuseNext() { refuses_next_ = true; }
  // The latest batch with rows of which storage said that nothing was changed.
  const std::optional<recovery::StoreBatch>& refused() const { return refused_; }

  absl::StatusOr<std::optional<recovery::HeadRow>> ReadHead() override { return real_->ReadHead(); }
  absl::StatusOr<std::optional<Bytes>> ReadRow(const recovery::RowAddress& address) override {
    return real_->ReadRow(address);
  }
  absl::StatusOr<Bytes> ReadDirectory(uint32_t bucket) override { return real_->ReadDirectory(bucket); }
  absl::StatusOr<std::vector<std::optional<Bytes>>> ReadRows(
      std::span<const recovery::RowAddress> addresses) override {
    return real_->ReadRows(addresses);
  }
  absl::StatusOr<std::vector<Bytes>> ReadDirectories(std::span<const uint32_t> buckets) override {
    return real_->ReadDirectories(buckets);
  }
  absl::Status ForEachBucketDigest(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) override {
    return real_->ForEachBucketDigest(visit);
  }
  absl::Status ForEachRowAfter(const std::optional<recovery::RowAddress>& after,
                               const RowVisit& visit) override {
    return real_->ForEachRowAfter(after, visit);
  }
  absl::Status MakeDurable() override { return real_->MakeDurable(); }
  absl::Status Write(const recovery::StoreBatch& batch) override;
  std::string waits_for() const override { return real_->waits_for(); }
  void GiveUp() override { real_->GiveUp(); }

 private:
  const std::unique_ptr<recovery::Store> real_;
  bool refuses_next_ = false;
  std::optional<recovery::StoreBatch> refused_;
};

}  // namespace labrec::sim
