// Two services on copies of one realm, with the freshness anchor on one token: one is held up between two
// calls of the token while the other goes on.
#include <filesystem>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <p11-kit/pkcs11.h>

#include "absl/synchronization/notification.h"

#include "recovery/ledger/ledger.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/fault/pkcs11/fault_fixture.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::hsm::pkcs11 {
namespace {

namespace fs = std::filesystem;
using recovery::Ledger;
using recovery::StagedBatch;
using test::Fate;

const Bytes kRealm = ToBytes("fault test realm");
constexpr uint8_t kAhead = 7;  // what the row holds in the batch that A did not anchor

// The device's anchor, which tells when it is first asked to prepare, and whose process may be killed right
// after that many commits.
class WatchedAnchor : public FreshnessAnchor {
 public:
  explicit WatchedAnchor(FreshnessAnchor& real) : real_(real) {}
  std::function<void()> before_prepare;
  int commits = -1;

  absl::Status Claim() override { return real_.Claim(); }
  absl::Status CheckClaim() override { return real_.CheckClaim(); }
  absl::StatusOr<uint64_t> CurrentEpoch() override { return real_.CurrentEpoch(); }
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override {
    if (commits == 0) return absl::UnavailableError("killed");
    if (before_prepare) std::exchange(before_prepare, nullptr)();
    return real_.Prepare(epoch, digest);
  }
  absl::Status Commit(uint64_t epoch) override {
    --commits;
    return real_.Commit(epoch);
  }
  absl::StatusOr<FreshnessReport> Check(uint64_t epoch, const Digest& digest, ByteView evidence) override {
    return real_.Check(epoch, digest, evidence);
  }
  AnchorWear wear() const override { return real_.wear(); }

 private:
  FreshnessAnchor& real_;
};

// A ledger with all that it stands on; closing it and killing its process are the same to the other one.
struct Service {
  std::unique_ptr<recovery::SqliteStore> store;
  std::unique_ptr<Device> device;
  std::unique_ptr<WatchedAnchor> anchor;
  std::unique_ptr<Ledger> ledger;
  Ledger::OpenReport report;
};

class Pkcs11TwoServices : public Pkcs11Fault {
 protected:
  // A serves, and has written a batch that it did not anchor: the token is at epoch_, and A1 is the key of
  // that batch. b() is a copy from before it.
  void SetUp() override {
    ASSERT_NE(NewDevice(), nullptr);
    {
      const auto store = recovery::OpenSqliteStore(a(), {recovery::SqliteOptions::Open::kCreateIfMissing});
      const auto device = Open();
      ASSERT_TRUE(store.ok() && device.ok());
      const auto made = Ledger::Create(**store, *(*device)->freshness_anchor(), kRealm, 0);
      ASSERT_TRUE(made.ok()) << made.status();
    }
    a_ = MustStart(a());
    ASSERT_NE(a_.ledger, nullptr);
    CopyTo(b());
    epoch_ = a_.ledger->epoch();
    batch_ = Persist(a_, kAhead);
    ASSERT_NE(batch_, nullptr);
  }
  void TearDown() override {
    Heal();
    StopA();
  }

  fs::path a() const { return folder_.path() / "a.db"; }
  fs::path b() const { return folder_.path() / "b.db"; }
  // A's database as it is now.
  void CopyTo(const fs::path& file) const {
    for (const char* suffix : {"", "-wal"}) {
      fs::copy_file(a().string() + suffix, file.string() + suffix, fs::copy_options::overwrite_existing);
    }
  }
  void StopA() {
    batch_.reset();
    a_ = Service();
  }

  absl::Status StartAt(const fs::path& file, Service& service, int commits = -1,
                       std::function<void()> before_prepare = nullptr) const {
    auto store = recovery::OpenSqliteStore(file);
    if (!store.ok()) return store.status();
    service.store = *std::move(store);
    auto device = Open();
    if (!device.ok()) return device.status();
    service.device = *std::move(device);
    service.anchor = std::make_unique<WatchedAnchor>(*service.device->freshness_anchor());
    service.anchor->commits = commits;
    service.anchor->before_prepare = std::move(before_prepare);
    auto ledger = Ledger::Open(*service.store, *service.anchor, kRealm, &service.report);
    if (ledger.ok()) service.ledger = *std::move(ledger);
    return ledger.status();
  }
  absl::Status Start(const fs::path& file) const {
    Service service;
    return StartAt(file, service);
  }
  Service MustStart(const fs::path& file) const {
    Service service;
    const absl::Status started = StartAt(file, service);
    EXPECT_TRUE(started.ok()) << started;
    return service;
  }

  // Writes a batch durably and does not anchor it.
  static std::unique_ptr<StagedBatch> Persist(Service& service, uint8_t value) {
    auto batch = service.ledger->Stage({{{0, Sha256("row")}, Bytes(1, value)}});
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok()) return nullptr;
    const absl::Status persisted = service.ledger->Persist(**batch);
    EXPECT_TRUE(persisted.ok()) << persisted;
    return *std::move(batch);
  }
  // It is on what A wrote, or before it, and goes on.
  static void ExpectServes(Service& service, std::optional<uint8_t> value) {
    ASSERT_NE(service.ledger, nullptr);
    const auto row = service.ledger->Read({0, Sha256("row")});
    ASSERT_TRUE(row.ok()) << row.status();
    EXPECT_EQ(*row, value.has_value() ? std::optional(Bytes(1, *value)) : std::nullopt);
    GoOn(service);
  }
  static void GoOn(Service& service) {
    const auto next = Persist(service, 99);
    ASSERT_NE(next, nullptr);
    const absl::Status anchored = service.ledger->Anchor(*next);
    EXPECT_TRUE(anchored.ok()) << anchored;
  }

  // Starts B, and does `meanwhile` before its first call of `function` in its first Prepare; that call and
  // all later ones of B have `fate`.
  absl::Status StartHeldUp(const fs::path& file, Service& service, std::string_view function,
                           const std::function<void()>& meanwhile, Fate fate = Fate::Pass()) const {
    bool preparing = false;
    bool nested = false;
    bool held_up = false;
    const std::thread::id us = std::this_thread::get_id();
    test::SetPkcs11Judge([&](std::string_view called) {
      if (nested || std::this_thread::get_id() != us) return ByA(called);
      if (preparing && !held_up && called == function) {
        nested = true;
        meanwhile();
        nested = false;
        held_up = true;
      }
      return held_up ? fate : Fate::Pass();
    });
    absl::Status started = StartAt(file, service, -1, [&] { preparing = true; });
    Heal();
    EXPECT_TRUE(held_up);
    return started;
  }

  // A anchors its batch on a thread of its own, and is held up before it destroys the current key, which it
  // does when B has come to `function`; B as in StartHeldUp.
  absl::Status StartWhileACommits(const fs::path& file, Service& service, std::string_view function,
                                  Fate fate = Fate::Pass()) {
    test::SetPkcs11Judge([this](std::string_view called) { return ByA(called); });
    waits_ = true;
    absl::Status anchored;
    std::thread committing([&] { anchored = a_.ledger->Anchor(*batch_); });
    held_up_.WaitForNotification();
    absl::Status started = StartHeldUp(
        file, service, function,
        [&] {
          go_on_.Notify();
          committing.join();
        },
        fate);
    if (committing.joinable()) {
      go_on_.Notify();
      committing.join();
    }
    EXPECT_TRUE(absl::IsDataLoss(anchored)) << anchored;
    return started;
  }
  // A's calls, the first destruction of which waits.
  Fate ByA(std::string_view called) const {
    if (!waits_ || called != "C_DestroyObject" || held_up_.HasBeenNotified()) return Fate::Pass();
    held_up_.Notify();
    go_on_.WaitForNotification();
    return Fate::Pass();
  }

  std::atomic<bool> waits_ = false;
  mutable absl::Notification held_up_;
  mutable absl::Notification go_on_;
  test::TemporaryFolder folder_;
  Service a_;
  std::unique_ptr<StagedBatch> batch_;
  uint64_t epoch_ = 0;
};

// The steps of hsm/pkcs11/freshness_anchor.h; A is killed when its batch is anchored, before its fence.
TEST_F(Pkcs11TwoServices, AKeyThatAnotherIsAboutToDestroyIsNeverMadeCurrent) {
  StopA();
  bool anchored = false;
  Service held_up;
  const absl::Status started = StartHeldUp(b(), held_up, "C_DestroyObject", [&] {
    Service again;
    EXPECT_TRUE(absl::IsUnavailable(StartAt(a(), again, 1)));
    anchored = *again.device->freshness_anchor()->CurrentEpoch() == epoch_ + 1;
  });
  EXPECT_TRUE(absl::IsDataLoss(started)) << started;
  ASSERT_TRUE(anchored);
  Service later = MustStart(a());
  ExpectServes(later, kAhead);
  held_up = Service();
  EXPECT_TRUE(absl::IsDataLoss(Start(b()))) << "the copy is stale";
}

// B is killed when it has made its key, and A's state is anchored just before that: two keys of one epoch are
// left, and A's state has one of them.
TEST_F(Pkcs11TwoServices, RivalsAreLeftWhereTheOtherIsKilledAfterALateCommit) {
  Service killed;
  const Fate dead = Fate::Skip(CKR_DEVICE_ERROR);
  EXPECT_FALSE(StartWhileACommits(b(), killed, "C_DestroyObject", dead).ok());
  StopA();
  killed = Service();
  EXPECT_TRUE(absl::IsDataLoss(Start(b()))) << "the copy is stale";
  Service later = MustStart(a());
  EXPECT_TRUE(later.report.rolled_forward);
  ExpectServes(later, kAhead);
}

TEST_F(Pkcs11TwoServices, AfterALateCommitTheLaterClaimantGoesOn) {
  Service later;
  const absl::Status started = StartWhileACommits(b(), later, "C_DestroyObject");
  EXPECT_TRUE(started.ok()) << started;
  ExpectServes(later, std::nullopt);
}

TEST_F(Pkcs11TwoServices, AStateThatTheOtherCommitsJustNowIsRolledForward) {
  CopyTo(b());
  Service later;
  const absl::Status started = StartWhileACommits(b(), later, "C_GenerateKey");
  EXPECT_TRUE(started.ok()) << started;
  EXPECT_TRUE(later.report.rolled_forward);
  ExpectServes(later, kAhead);
}

// B makes its key when A, started again, serves already, and is killed before it has looked at its claim.
TEST_F(Pkcs11TwoServices, AKeyMadeTooLateEndsNobodyElse) {
  CopyTo(b());
  StopA();
  Service later;
  Service killed;
  bool busy = false;
  bool preparing = false;
  bool dead = false;
  test::SetPkcs11Judge([&](std::string_view called) {
    if (busy || !preparing) return Fate::Pass();
    if (dead) return Fate::Skip(CKR_DEVICE_ERROR);
    if (called != "C_GenerateKey") return Fate::Pass();
    busy = true;
    later = MustStart(a());
    for (int i = 0; i < 3; ++i) GoOn(later);
    busy = false;
    dead = true;
    return Fate::Pass();
  });
  EXPECT_FALSE(StartAt(b(), killed, -1, [&] { preparing = true; }).ok());
  Heal();
  ASSERT_TRUE(dead);
  killed = Service();
  ExpectServes(later, 99);
  later = Service();
  later = MustStart(a());
  ExpectServes(later, 99);
}

// A start that rolls forward dies at any call of the token; the next one finds all that was durable.
TEST_F(Pkcs11TwoServices, ARollForwardMayBeCutOffAnywhere) {
  StopA();
  int calls = 0;
  test::SetPkcs11Judge([&](std::string_view called) {
    if (called != "C_Initialize") ++calls;
    return Fate::Pass();
  });
  EXPECT_TRUE(Start(a()).ok());
  Heal();
  ASSERT_GT(calls, 30);
  int rolled_twice = 0;
  for (int n = 0; n < calls; ++n) {
    const auto value = static_cast<uint8_t>(n);
    Service service = MustStart(a());
    ASSERT_NE(service.ledger, nullptr);
    ASSERT_NE(Persist(service, value), nullptr);
    service = Service();
    int seen = 0;
    test::SetPkcs11Judge([&](std::string_view called) {
      if (called == "C_Initialize" || seen++ < n) return Fate::Pass();
      return Fate::Skip(CKR_DEVICE_ERROR);
    });
    const absl::Status killed = Start(a());
    Heal();
    EXPECT_FALSE(killed.ok()) << "call " << n;
    service = MustStart(a());
    ASSERT_NE(service.ledger, nullptr) << "call " << n;
    if (service.report.rolled_forward) ++rolled_twice;
    ExpectServes(service, value);
  }
  EXPECT_GT(rolled_twice, calls / 4);
  EXPECT_LT(rolled_twice, calls);
}

}  // namespace
}  // namespace labrec::hsm::pkcs11
