#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "hsm/device.h"

namespace labrec::hostile {

// A real device that remembers the keys whose uses its chip counts, as whoever has its host does: he uses
// them and reads their counts beside the realm's service. Call these while the service is idle.
class WatchedDevice final : public hsm::Device {
 public:
  explicit WatchedDevice(std::unique_ptr<hsm::Device> device)
      : device_(std::move(device)), counted_(device_->counted_keys()) {}

  // What each index holds that was written.
  std::map<uint32_t, hsm::UseCount> Uses() {
    std::map<uint32_t, hsm::UseCount> uses;
    for (const auto& [index, key] : counted_.Known()) {
      const auto use = device_->counted_keys()->ReadUse(key);
      if (use.ok() && *use != hsm::UseCount()) uses[index] = *use;
    }
    return uses;
  }
  // A use of the key that no client asked for.
  void Steal(uint32_t index) {
    const auto known = counted_.Known();
    const auto key = known.find(index);
    if (key == known.end()) return;
    device_->counted_keys()->Evaluate(key->second, P256Point::Generator()).IgnoreError();
  }

  hsm::EvaluationKey* evaluation_key() override { return device_->evaluation_key(); }
  hsm::DerivationKey* derivation_key() override { return device_->derivation_key(); }
  hsm::FreshnessAnchor* freshness_anchor() override { return device_->freshness_anchor(); }
  hsm::PeriodKeys* period_keys() override { return device_->period_keys(); }
  hsm::Random* random() override { return device_->random(); }
  hsm::Attester* attester() override { return device_->attester(); }
  hsm::CountedKeys* counted_keys() override { return &counted_; }
  const hsm::DeviceDescription& description() const override { return device_->description(); }
  int parallelism() const override { return device_->parallelism(); }

 private:
  class Counted final : public hsm::CountedKeys {
   public:
    explicit Counted(hsm::CountedKeys* keys) : keys_(*keys) {}
    std::map<uint32_t, hsm::CountedKey> Known() {
      const std::lock_guard lock(mutex_);
      return known_;
    }
    absl::StatusOr<hsm::CountedCapacity> Capacity() override { return keys_.Capacity(); }
    absl::StatusOr<std::vector<hsm::FoundCountingIndex>> List() override { return keys_.List(); }
    absl::StatusOr<hsm::CountedKey> Define(const EcdsaPublicKey& unlock_key) override {
      auto key = keys_.Define(unlock_key);
      const std::lock_guard lock(mutex_);
      if (key.ok()) known_[key->index] = *key;
      return key;
    }
    absl::StatusOr<hsm::WriteSession> BeginWrite() override { return keys_.BeginWrite(); }
    absl::StatusOr<std::vector<uint64_t>> OpenWrites() override { return keys_.OpenWrites(); }
    absl::StatusOr<hsm::UseCount> FinishWrite(const hsm::CountedKey& key, uint64_t session, uint32_t limit,
                                              ByteView signature) override {
      return keys_.FinishWrite(key, session, limit, signature);
    }
    absl::StatusOr<hsm::CountedOutcome> Evaluate(const hsm::CountedKey& key,
                                                 const P256Point& element) override {
      return keys_.Evaluate(key, element);
    }
    absl::StatusOr<hsm::UseCount> ReadUse(const hsm::CountedKey& key) override { return keys_.ReadUse(key); }
    absl::Status Delete(uint32_t index) override {
      const absl::Status deleted = keys_.Delete(index);
      const std::lock_guard lock(mutex_);
      if (deleted.ok()) known_.erase(index);
      return deleted;
    }

   private:
    hsm::CountedKeys& keys_;
    std::mutex mutex_;
    std::map<uint32_t, hsm::CountedKey> known_;
  };

  std::unique_ptr<hsm::Device> device_;
  Counted counted_;
};

}  // namespace labrec::hostile
