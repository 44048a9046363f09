#include "recovery/server/admin/key_rotator.h"

#include <atomic>
#include <fstream>
#include <future>
#include <iterator>
#include <sstream>

#include "tests/integration/ledger/sealed_fixture.h"

namespace labrec::recovery {
namespace {

using testing::HasSubstr;

constexpr int64_t kDay = int64_t{24} * 3600 * 1000;

class TestClock final : public Clock {
 public:
  int64_t NowMillis() const override { return now_; }
  std::atomic<int64_t> now_ = 100 * kDay;
};

class KeyRotatorTest : public SealedTest {
 protected:
  void Begin(std::chrono::milliseconds every) {
    auto audit = AuditLog::Open(AuditPath(), clock_);
    ASSERT_TRUE(audit.ok()) << audit.status();
    audit_ = *std::move(audit);
    const auto anchor = [this] {
      const absl::Status anchored = AnchorBatch();
      if (rotated_) rotated_->set_value();
      rotated_.reset();
      return anchored;
    };
    rotator_ = std::make_unique<KeyRotator>(KeyRotator::Parts{store(), anchor, *audit_, clock_},
                                            KeyRotator::Schedule{every, std::chrono::milliseconds(2)});
  }
  absl::Status Rotate(EarlierKey earlier) {
    std::promise<absl::Status> done;
    rotator_->Rotate(earlier, "operator uid 0", [&](const absl::Status& status) { done.set_value(status); });
    return done.get_future().get();
  }
  std::filesystem::path AuditPath() const { return folder_.path() / "audit.log"; }
  std::string Log() {
    std::ifstream file(AuditPath());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void TearDown() override { rotator_.reset(); }

  TestClock clock_;
  std::unique_ptr<AuditLog> audit_;
  std::optional<std::promise<void>> rotated_;
  std::unique_ptr<KeyRotator> rotator_;
};
INSTANTIATE_TEST_SUITE_P(Devices, KeyRotatorTest, testing::Values("softhsm2_sealed"),
                         [](const auto& param) { return std::string(param.param); });

TEST_P(KeyRotatorTest, RotatesAtTheOperatorsWordAndSaysSo) {
  Create();
  FillKnown();
  Begin(std::chrono::milliseconds(0));
  EXPECT_EQ(rotator_->figures().period, 1U);
  ASSERT_TRUE(Rotate(EarlierKey::kDestroyed).ok());
  EXPECT_EQ(rotator_->figures().period, 2U);
  EXPECT_EQ(rotator_->figures().earlier_period, 0U);
  EXPECT_EQ(rotator_->figures().since_ms, clock_.NowMillis());
  ASSERT_TRUE(Rotate(EarlierKey::kStays).ok());
  EXPECT_EQ(rotator_->figures().period, 3U);
  EXPECT_EQ(rotator_->figures().earlier_period, 2U);
  EXPECT_EQ(rotator_->figures().rotations, 2U);
  EXPECT_THAT(Log(), HasSubstr("\"period_key_rotate\",\"actor\":\"operator uid 0\""));
  EXPECT_THAT(Log(), HasSubstr("period_key_rotate_done"));
  ExpectRows();
}

// The first key of the fixture was made in 1970 by its clock.
TEST_P(KeyRotatorTest, RotatesByItselfWhenTheKeyIsOldEnough) {
  Create();
  FillKnown();
  auto& made = rotated_.emplace();
  auto first = made.get_future();
  Begin(std::chrono::milliseconds(15 * kDay));
  first.get();  // the batch of a rotation that nobody asked for
  rotator_->Stop();
  EXPECT_EQ(store().ring().current()->number, 2U);
  EXPECT_THAT(Log(), HasSubstr("\"period_key_rotate\",\"actor\":\"daemon\""));
  rotator_.reset();
  Begin(std::chrono::milliseconds(15 * kDay));
  ASSERT_TRUE(Rotate(EarlierKey::kStays).ok()) << "the new key is young: nothing else is under way";
  rotator_->Stop();
  EXPECT_EQ(store().ring().current()->number, 3U);
  ExpectRows();
}

TEST_P(KeyRotatorTest, AFailureIsShownAndTheNextOneGoesOn) {
  Create();
  FillKnown();
  Begin(std::chrono::milliseconds(0));
  rotator_.reset();
  std::atomic<bool> fails = true;
  rotator_ = std::make_unique<KeyRotator>(
      KeyRotator::Parts{store(),
                        [&] { return fails ? absl::UnavailableError("the device is away") : AnchorBatch(); },
                        *audit_, clock_},
      KeyRotator::Schedule{});
  EXPECT_TRUE(absl::IsUnavailable(Rotate(EarlierKey::kDestroyed)));
  EXPECT_THAT(rotator_->figures().failure, HasSubstr("the device is away"));
  EXPECT_EQ(rotator_->figures().rotations_failed, 1U);
  EXPECT_THAT(Log(), HasSubstr("period_key_rotate_failed"));
  fails = false;
  EXPECT_TRUE(Rotate(EarlierKey::kDestroyed).ok());
  EXPECT_EQ(rotator_->figures().failure, "");
  ExpectRows();
}

}  // namespace
}  // namespace labrec::recovery
