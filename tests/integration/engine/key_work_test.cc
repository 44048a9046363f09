#include "recovery/engine/device/key_work.h"

#include <atomic>
#include <future>
#include <vector>

#include <gtest/gtest.h>

#include "pin/record_keys.h"
#include "tests/support/device/faulty_device.h"
#include "tests/support/device/simulated_device.h"

// What is done before a commit, and what waits for it, on real devices.
namespace labrec::recovery {
namespace {

using Points = absl::StatusOr<std::vector<P256Point>>;

class KeyWorkTest : public testing::TestWithParam<test::SimulatorKind> {
 protected:
  void SetUp() override {
    simulator_ = test::SimulatedDevice::Start(GetParam()).value();
    ASSERT_TRUE(simulator_->Provision(Bytes(16, 'r')).ok());
    device_ = std::make_unique<test::FaultyDevice>(simulator_->Open().value());
    device_->hooks.before_derive = [this] { return ++derivations_, derive_status_; };
    device_->hooks.before_evaluate = [this] { return ++evaluations_, absl::OkStatus(); };
    executor_.emplace(device_->parallelism(), [](const DeviceExecutor::Load&) {});
    host_.emplace(device_->parallelism() == 1 ? HostThread::kOwn : HostThread::kCallers);
    keys_.emplace(*device_, *executor_, *host_, health_);
  }
  void TearDown() override { End(); }
  void End() {
    keys_.reset();
    executor_.reset();
    host_.reset();
  }

  EvaluationJob Job(int record, std::vector<P256Point> elements, std::promise<Points>& answer) {
    return {Input(record), std::move(elements),
            [&answer](Points points, const SecretBytes&) { answer.set_value(std::move(points)); }};
  }
  static Bytes Input(int record) {
    return pin::RecordDerivationInput(Bytes(16, 'r'), "chat", "alice", std::to_string(record), 1,
                                      Bytes(32, 'n'));
  }
  // k * t_rec * element, from the device's operations one by one.
  P256Point Expected(int record, const P256Point& element) {
    const SecretBytes d = device_->derivation_key()->Derive(Input(record)).value();
    const P256Point tweaked = element.Times(pin::RecordTweak(d));
    return device_->evaluation_key()->Evaluate({&tweaked, 1}).value().front();
  }

  std::unique_ptr<test::SimulatedDevice> simulator_;
  std::unique_ptr<test::FaultyDevice> device_;
  std::atomic<int> derivations_ = 0, evaluations_ = 0;
  absl::Status derive_status_;
  DeviceHealth health_{"key device", [] {}};
  std::optional<DeviceExecutor> executor_;
  std::optional<HostWork> host_;
  std::optional<KeyWork> keys_;
};

TEST_P(KeyWorkTest, ABatchThatIsNotReleasedIsNeverEvaluated) {
  std::promise<Points> answer;
  auto batch = std::make_optional<EvaluationBatch>(*keys_);
  batch->Add(Job(1, {P256Point::Generator()}, answer));
  batch->Tweak();
  batch.reset();  // the commit failed
  End();
  EXPECT_EQ(derivations_, 1);
  EXPECT_EQ(evaluations_, 0);
  auto never = answer.get_future();
  EXPECT_EQ(never.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
}

TEST_P(KeyWorkTest, ReleasedJobsGetTheirOwnRecordsProducts) {
  constexpr int kRecords = 11;  // not a multiple of a group
  std::vector<P256Point> elements;
  for (int i = 0; i <= kRecords; ++i) elements.push_back(P256Point::Generator().Times(P256Scalar::Random()));
  std::vector<std::promise<Points>> answers(kRecords);
  EvaluationBatch batch(*keys_);
  for (int i = 0; i < kRecords; ++i) {
    std::vector<P256Point> mine{elements[i]};
    if (i % 3 == 0) mine.push_back(elements[i + 1]);
    batch.Add(Job(i, std::move(mine), answers[i]));
  }
  batch.Tweak();
  batch.Release();
  for (int i = 0; i < kRecords; ++i) {
    const Points points = answers[i].get_future().get();
    ASSERT_TRUE(points.ok()) << points.status();
    ASSERT_EQ(points->size(), i % 3 == 0 ? 2U : 1U);
    EXPECT_EQ(points->front(), Expected(i, elements[i]));
    EXPECT_EQ(points->back(), Expected(i, elements[i % 3 == 0 ? i + 1 : i]));
  }
}

TEST_P(KeyWorkTest, ADerivationThatFailedIsTheAnswerAndNothingIsEvaluated) {
  derive_status_ = absl::UnavailableError("pulled");
  std::promise<Points> answer;
  EvaluationBatch batch(*keys_);
  batch.Add(Job(1, {P256Point::Generator()}, answer));
  batch.Tweak();
  batch.Release();
  EXPECT_TRUE(absl::IsUnavailable(answer.get_future().get().status()));
  EXPECT_TRUE(health_.away());
  EXPECT_EQ(evaluations_, 0);
}

INSTANTIATE_TEST_SUITE_P(Devices, KeyWorkTest,
                         testing::Values(test::SimulatorKind::kSwtpm, test::SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace labrec::recovery
