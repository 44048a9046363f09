#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/hostile/mailbox/lies.h"
#include "tests/support/storage/memory_store.h"

namespace labrec::hostile {

// A store that lies: any status code, done or not; what it had earlier; a row that it hides; other bytes; it
// lets a thief be first. It never makes up what it has no key for, as nobody else can.
class LyingStore final : public testing::MemoryStore {
 public:
  using Content = testing::MemoryStore::Content;
  using Id = testing::MemoryStore::Id;

  LyingStore(Content& content, Lies& lies) : MemoryStore(content), now_(content), lies_(lies) {}

  // From now on so many of 1,000 answers are lies.
  void LieOften(uint32_t per_mille) { per_mille_ = per_mille; }
  // What it can show again later.
  void Remember() { earlier_.push_back(now_); }
  // What the thief does when the store lets him be faster than whoever opens an epoch.
  std::function<void()> faster;

  absl::StatusOr<recovery::labyrinth::StoreHead> GetHead() override;
  absl::Status CommitEpoch(const std::optional<recovery::labyrinth::StoreHead>& expected,
                           const recovery::labyrinth::EpochCommit& commit) override;
  absl::StatusOr<recovery::labyrinth::StoredEpoch> GetEpoch(uint64_t sequence) override;
  absl::StatusOr<Bytes> GetDelivery(uint64_t sequence, const Id& member) override;
  absl::StatusOr<std::vector<recovery::labyrinth::MemberRow>> ListMembers(uint64_t sequence) override;
  absl::StatusOr<Bytes> GetMember(uint64_t sequence, const Id& member) override;
  absl::Status AddMember(const recovery::labyrinth::StoreHead& expected,
                         const recovery::labyrinth::MemberRow& row) override;
  absl::Status AppendMessage(const Id& epoch, const recovery::labyrinth::StoredMessage& message) override;
  absl::StatusOr<Bytes> GetBundle(const Id& virtual_device) override;
  absl::StatusOr<std::vector<Id>> ListBundles() override;

 private:
  template <typename T>
  absl::StatusOr<T> Read(const char* call, const std::function<absl::StatusOr<T>(MemoryStore&)>& truly,
                         const std::function<void(T&, sim::Dice&)>& bend);
  absl::Status Write(const char* call, const std::function<absl::Status()>& truly);

  Content& now_;
  Lies& lies_;
  std::vector<Content> earlier_;
  uint32_t per_mille_ = 0;
};

}  // namespace labrec::hostile
