// The same random calls on the model of a device and on a real simulator, by three processes at a time: they
// must say the same.
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "hsm/open_device.h"
#include "tests/simulation/chip/chip.h"
#include "tests/support/token/softhsm.h"
#include "tests/support/tpm/swtpm.h"

namespace labrec::sim {
namespace {

constexpr int kHosts = 3;
constexpr int kCalls = 1500;

class PlainBus : public Bus {
 public:
  absl::Status Command(const char*, Kind, absl::FunctionRef<absl::Status()> act) override { return act(); }
};

// A state that was prepared, with what each device gave as its evidence.
struct Prepared {
  int64_t epoch = 0;  // above the one at the start
  Digest digest{};
  Bytes real;
  Bytes model;
};

class Agreement : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const bool tpm = std::string(GetParam()) == "swtpm";
    shape_ = tpm ? AnchorShape::kCounter : AnchorShape::kRatchet;
    if (tpm) {
      auto started = test::Swtpm::Start();
      ASSERT_TRUE(started.ok()) << started.status();
      tpm_ = *std::move(started);
      address_ = {"tpm2:" + tpm_->tcti()};
    } else {
      auto started = test::SoftHsm::Start();
      ASSERT_TRUE(started.ok()) << started.status();
      token_ = *std::move(started);
      address_ = {token_->uri()};
    }
    hsm::ProvisionOptions options;
    options.realm_id = ToBytes("agreement-realm!");
    options.authorization = authorization_.Clone();
    auto state = hsm::ProvisionDevice(address_, options);
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    for (int host = 0; host < kHosts; ++host) Open(host);
    real_start_ = *real_[0]->freshness_anchor()->CurrentEpoch();
    model_start_ = *model_[0]->freshness_anchor()->CurrentEpoch();
  }

  // As a process that starts anew.
  void Open(int host) {
    real_[host].reset();
    auto opened = hsm::OpenDevice(address_, state_, authorization_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    real_[host] = *std::move(opened);
    model_[host] = OpenChip(chip_, bus_, shape_, 2);
  }

  hsm::FreshnessAnchor& Real(int host) { return *real_[host]->freshness_anchor(); }
  hsm::FreshnessAnchor& Model(int host) { return *model_[host]->freshness_anchor(); }

  // Two answers of one kind.
  void Same(const absl::Status& real, const absl::Status& model, const char* what) {
    ++outcomes_[std::string(what) + ": " + absl::StatusCodeToString(real.code())];
    ASSERT_EQ(real.code(), model.code()) << what << ", the device: " << real << ", the model: " << model;
  }

  void Prepare(int host, int64_t epoch) {
    Prepared state{epoch, Sha256(std::to_string(dice_.Next())), {}, {}};
    const auto real = Real(host).Prepare(real_start_ + static_cast<uint64_t>(epoch), state.digest);
    const auto model = Model(host).Prepare(model_start_ + static_cast<uint64_t>(epoch), state.digest);
    Same(real.status(), model.status(), "prepare");
    if (!real.ok() || !model.ok()) return;
    state.real = *real;
    state.model = *model;
    prepared_.push_back(state);
  }

  void Check(int host, const Prepared& state) {
    const auto real =
        Real(host).Check(real_start_ + static_cast<uint64_t>(state.epoch), state.digest, state.real);
    const auto model =
        Model(host).Check(model_start_ + static_cast<uint64_t>(state.epoch), state.digest, state.model);
    Same(real.status(), model.status(), "check");
    if (!real.ok() || !model.ok()) return;
    ++outcomes_["freshness " + std::to_string(static_cast<int>(real->freshness))];
    EXPECT_EQ(real->freshness, model->freshness) << "epoch " << state.epoch;
    EXPECT_EQ(real->device_epoch - real_start_, model->device_epoch - model_start_);
  }

  // k * (aG) must be a * Q on both, and d a function of the message on both.
  void UseKeys(int host) {
    const P256Scalar a = P256Scalar::Random();
    const P256Point element = P256Point::Generator().Times(a);
    for (hsm::Device* device : {real_[host].get(), model_[host].get()}) {
      const auto result = device->evaluation_key()->Evaluate({&element, 1});
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->at(0), device->evaluation_key()->public_key().Times(a));
      const auto derived = device->derivation_key()->Derive(AsBytes("message"));
      ASSERT_TRUE(derived.ok()) << derived.status();
      EXPECT_TRUE(device->derivation_key()->Derive(AsBytes("message"))->Equals(derived->view()));
    }
    Same(real_[host]->derivation_key()->Derive(Bytes(1025)).status(),
         model_[host]->derivation_key()->Derive(Bytes(1025)).status(), "too long a message");
  }

  void CallSomething() {
    const int host = static_cast<int>(dice_.Below(kHosts));
    const auto now = static_cast<int64_t>(*Model(host).CurrentEpoch() - model_start_);
    ASSERT_EQ(static_cast<int64_t>(*Real(host).CurrentEpoch() - real_start_), now);
    switch (dice_.Below(12)) {
      case 0:
        return Same(Real(host).Claim(), Model(host).Claim(), "claim");
      case 1:
        return Open(host);
      case 2:
        return UseKeys(host);
      case 3:
      case 4:
      case 5:
        return Prepare(host, dice_.Chance(800) ? now + 1 : now + static_cast<int64_t>(dice_.Below(4)));
      case 6:
      case 7:
      case 8: {
        const int64_t epoch = dice_.Chance(800) ? now + 1 : now + static_cast<int64_t>(dice_.Below(4));
        return Same(Real(host).Commit(real_start_ + static_cast<uint64_t>(epoch)),
                    Model(host).Commit(model_start_ + static_cast<uint64_t>(epoch)), "commit");
      }
      default:
        if (prepared_.empty()) return;
        Prepared state = prepared_[prepared_.size() - 1 - dice_.Below(std::min<size_t>(prepared_.size(), 6))];
        if (dice_.Chance(150)) state.digest[0] ^= 1;
        return Check(host, state);
    }
  }

  Dice dice_{20261123};
  AnchorShape shape_ = AnchorShape::kCounter;
  std::unique_ptr<test::Swtpm> tpm_;
  std::unique_ptr<test::SoftHsm> token_;
  hsm::DeviceAddress address_;
  const SecretBytes authorization_ = SecretBytes::Random(32);
  hsm::DeviceState state_;
  PlainBus bus_;
  Chip chip_{7};
  std::unique_ptr<hsm::Device> real_[kHosts];
  std::unique_ptr<hsm::Device> model_[kHosts];
  uint64_t real_start_ = 0;
  uint64_t model_start_ = 0;
  std::vector<Prepared> prepared_;
  std::map<std::string, int> outcomes_;
};
INSTANTIATE_TEST_SUITE_P(Devices, Agreement, testing::Values("swtpm", "softhsm2"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(Agreement, OnARandomSequenceOfCalls) {
  for (int call = 0; call < kCalls && !HasFailure(); ++call) CallSomething();
  for (const auto& [outcome, times] : outcomes_) {
    std::printf("%6d  %s\n", times, outcome.c_str());
    EXPECT_GT(times, 2) << outcome;
  }
  EXPECT_GE(outcomes_.size(), 12U);
}

}  // namespace
}  // namespace labrec::sim
