#include "tests/support/device/faulty_device.h"

#include <utility>

#include "hsm/base/status_macros.h"

namespace labrec::test {
namespace {

absl::Status Call(const FaultyDevice::Hook& hook) {
  return hook ? hook() : absl::OkStatus();
}

}  // namespace

class FaultyDevice::Evaluation : public hsm::EvaluationKey {
 public:
  explicit Evaluation(FaultyDevice& owner) : owner_(owner), key_(*owner.device_->evaluation_key()) {}
  const P256Point& public_key() const override { return key_.public_key(); }
  absl::StatusOr<std::vector<P256Point>> Evaluate(std::span<const P256Point> elements) override {
    LABREC_RETURN_IF_ERROR(Call(owner_.hooks.before_evaluate));
    return key_.Evaluate(elements);
  }
  size_t preferred_batch() const override { return key_.preferred_batch(); }

 private:
  FaultyDevice& owner_;
  hsm::EvaluationKey& key_;
};

class FaultyDevice::Derivation : public hsm::DerivationKey {
 public:
  explicit Derivation(FaultyDevice& owner) : owner_(owner), key_(*owner.device_->derivation_key()) {}
  absl::StatusOr<SecretBytes> Derive(ByteView message) override {
    LABREC_RETURN_IF_ERROR(Call(owner_.hooks.before_derive));
    return key_.Derive(message);
  }

 private:
  FaultyDevice& owner_;
  hsm::DerivationKey& key_;
};

class FaultyDevice::Anchor : public hsm::FreshnessAnchor {
 public:
  explicit Anchor(FaultyDevice& owner) : owner_(owner), anchor_(*owner.device_->freshness_anchor()) {}
  absl::Status Claim() override { return anchor_.Claim(); }
  absl::Status CheckClaim() override { return anchor_.CheckClaim(); }
  absl::StatusOr<uint64_t> CurrentEpoch() override { return anchor_.CurrentEpoch(); }
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override {
    LABREC_RETURN_IF_ERROR(Call(owner_.hooks.before_prepare));
    return anchor_.Prepare(epoch, digest);
  }
  absl::Status Commit(uint64_t epoch) override {
    LABREC_RETURN_IF_ERROR(Call(owner_.hooks.before_commit));
    LABREC_RETURN_IF_ERROR(anchor_.Commit(epoch));
    return Call(owner_.hooks.after_commit);
  }
  absl::StatusOr<hsm::FreshnessReport> Check(uint64_t epoch, const Digest& digest,
                                             ByteView evidence) override {
    return anchor_.Check(epoch, digest, evidence);
  }
  hsm::AnchorWear wear() const override { return anchor_.wear(); }

 private:
  FaultyDevice& owner_;
  hsm::FreshnessAnchor& anchor_;
};

class FaultyDevice::Counted : public hsm::CountedKeys {
 public:
  explicit Counted(FaultyDevice& owner) : owner_(owner), keys_(*owner.device_->counted_keys()) {}
  absl::StatusOr<hsm::CountedCapacity> Capacity() override {
    LABREC_RETURN_IF_ERROR(Call(owner_.hooks.before_capacity));
    return keys_.Capacity();
  }
  absl::StatusOr<std::vector<hsm::FoundCountingIndex>> List() override { return keys_.List(); }
  absl::StatusOr<hsm::CountedKey> Define(const EcdsaPublicKey& unlock_key) override {
    LABREC_RETURN_IF_ERROR(Call(owner_.hooks.before_define));
    LABREC_ASSIGN_OR_RETURN(hsm::CountedKey key, keys_.Define(unlock_key));
    LABREC_RETURN_IF_ERROR(Call(owner_.hooks.after_define));
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
    LABREC_RETURN_IF_ERROR(Call(owner_.hooks.before_delete));
    LABREC_RETURN_IF_ERROR(keys_.Delete(index));
    return Call(owner_.hooks.after_delete);
  }

 private:
  FaultyDevice& owner_;
  hsm::CountedKeys& keys_;
};

FaultyDevice::FaultyDevice(std::unique_ptr<hsm::Device> device) : device_(std::move(device)) {
  evaluation_ = std::make_unique<Evaluation>(*this);
  derivation_ = std::make_unique<Derivation>(*this);
  anchor_ = std::make_unique<Anchor>(*this);
  if (device_->counted_keys() != nullptr) counted_ = std::make_unique<Counted>(*this);
}

FaultyDevice::~FaultyDevice() = default;

hsm::EvaluationKey* FaultyDevice::evaluation_key() {
  return evaluation_.get();
}
hsm::DerivationKey* FaultyDevice::derivation_key() {
  return derivation_.get();
}
hsm::FreshnessAnchor* FaultyDevice::freshness_anchor() {
  return anchor_.get();
}
hsm::CountedKeys* FaultyDevice::counted_keys() {
  return counted_.get();
}

}  // namespace labrec::test
