#include "tests/simulation/chip/chip.h"

#include <utility>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "tests/simulation/chip/chip_anchor.h"

namespace labrec::sim {
namespace {

constexpr size_t kLongestMessage = 1024;
constexpr size_t kBatch = 3;

Bytes KeyFrom(Dice& dice) {
  Bytes key(32);
  dice.Fill(key);
  return key;
}

class ChipEvaluationKey final : public hsm::EvaluationKey {
 public:
  ChipEvaluationKey(Chip& chip, Bus& bus, int parallelism)
      : chip_(chip), bus_(bus), batch_(parallelism == 1 ? 1 : kBatch) {}
  const P256Point& public_key() const override { return chip_.public_key; }
  size_t preferred_batch() const override { return batch_; }

  absl::StatusOr<std::vector<P256Point>> Evaluate(std::span<const P256Point> elements) override {
    std::vector<P256Point> results;
    for (const P256Point& element : elements) {
      LABREC_RETURN_IF_ERROR(bus_.Command("evaluate", Bus::Kind::kReads, [&] {
        results.push_back(element.Times(chip_.evaluation_key));
        return absl::OkStatus();
      }));
    }
    return results;
  }

 private:
  Chip& chip_;
  Bus& bus_;
  const size_t batch_;
};

class ChipDerivationKey final : public hsm::DerivationKey {
 public:
  ChipDerivationKey(Chip& chip, Bus& bus) : chip_(chip), bus_(bus) {}

  absl::StatusOr<SecretBytes> Derive(ByteView message) override {
    if (message.size() > kLongestMessage)
      return absl::InvalidArgumentError("a message has at most 1024 bytes");
    SecretBytes derived;
    LABREC_RETURN_IF_ERROR(bus_.Command("derive", Bus::Kind::kReads, [&] {
      derived = HmacSha256(chip_.derivation_key, message);
      return absl::OkStatus();
    }));
    return derived;
  }

 private:
  Chip& chip_;
  Bus& bus_;
};

class ChipRandom final : public hsm::Random {
 public:
  ChipRandom(Chip& chip, Bus& bus) : chip_(chip), bus_(bus) {}

  absl::Status Fill(std::span<uint8_t> out) override {
    return bus_.Command("random", Bus::Kind::kReads, [&] {
      chip_.dice.Fill(out);
      return absl::OkStatus();
    });
  }

 private:
  Chip& chip_;
  Bus& bus_;
};

class OpenedChip final : public hsm::Device {
 public:
  OpenedChip(Chip& chip, Bus& bus, AnchorShape shape, int parallelism)
      : description_{shape == AnchorShape::kCounter ? "tpm2" : "pkcs11",
                     "labrec",
                     "model of a device",
                     "1",
                     "a model in memory: protects nothing",
                     true,
                     {},
                     "the model has none"},
        parallelism_(parallelism),
        evaluation_(chip, bus, parallelism),
        derivation_(chip, bus),
        random_(chip, bus),
        anchor_(shape == AnchorShape::kCounter ? MakeCounterAnchor(chip, bus)
                                               : MakeRatchetAnchor(chip, bus)) {}

  hsm::EvaluationKey* evaluation_key() override { return &evaluation_; }
  hsm::DerivationKey* derivation_key() override { return &derivation_; }
  hsm::FreshnessAnchor* freshness_anchor() override { return anchor_.get(); }
  hsm::Random* random() override { return &random_; }
  hsm::Attester* attester() override { return nullptr; }
  hsm::CountedKeys* counted_keys() override { return nullptr; }
  hsm::PeriodKeys* period_keys() override { return nullptr; }
  const hsm::DeviceDescription& description() const override { return description_; }
  int parallelism() const override { return parallelism_; }

 private:
  const hsm::DeviceDescription description_;
  const int parallelism_;
  ChipEvaluationKey evaluation_;
  ChipDerivationKey derivation_;
  ChipRandom random_;
  const std::unique_ptr<hsm::FreshnessAnchor> anchor_;
};

P256Scalar ScalarFrom(Dice& dice) {
  return P256Scalar::ReduceToNonZero(KeyFrom(dice));
}

}  // namespace

Chip::Chip(uint64_t seed)
    : dice(seed),
      evaluation_key(ScalarFrom(dice)),
      public_key(P256Point::Generator().Times(evaluation_key)),
      derivation_key(KeyFrom(dice)),
      mac_key(KeyFrom(dice)),
      counter(dice.Between(1, 1000)),
      claim(KeyFrom(dice)),
      ratchet{{1, dice.Next(), dice.Next(), KeyFrom(dice)}} {}

std::unique_ptr<hsm::Device> OpenChip(Chip& chip, Bus& bus, AnchorShape shape, int parallelism) {
  return std::make_unique<OpenedChip>(chip, bus, shape, parallelism);
}

}  // namespace labrec::sim
