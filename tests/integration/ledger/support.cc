#include "tests/integration/ledger/support.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/store/sealed/sealed_store.h"

namespace labrec::recovery {
namespace {

class SwtpmAnchor final : public AnchorDevice {
 public:
  explicit SwtpmAnchor(std::unique_ptr<test::Swtpm> tpm) : tpm_(std::move(tpm)) {}
  void Replace() override { EXPECT_TRUE(tpm_->Replace().ok()); }
  void Break() override { tpm_->Kill(); }
  void Repair() override { EXPECT_TRUE(tpm_->Restart().ok()); }

 private:
  std::string uri() const override { return "tpm2:" + tpm_->tcti(); }
  std::unique_ptr<test::Swtpm> tpm_;
};

class SoftHsmAnchor final : public AnchorDevice {
 public:
  explicit SoftHsmAnchor(std::unique_ptr<test::SoftHsm> token) : token_(std::move(token)) {}
  void Replace() override { token_->Replace(); }
  void Break() override { token_->Break(); }
  void Repair() override { token_->Repair(); }

 private:
  std::string uri() const override { return token_->uri(); }
  std::unique_ptr<test::SoftHsm> token_;
};

}  // namespace

Digest KeyOf(uint32_t number) {
  return Sha256(Writer().U32(number).bytes());
}

RowWrite Put(uint32_t bucket, uint32_t key, Bytes content) {
  return {{bucket, KeyOf(key)}, std::move(content)};
}

absl::StatusOr<std::unique_ptr<hsm::Device>> AnchorDevice::Open() const {
  return hsm::OpenDevice({uri()}, state_, authorization_);
}

void AnchorDevice::Provision() {
  hsm::ProvisionOptions options;
  options.roles = {.keys = false, .anchor = true};
  options.realm_id = kRealm;
  options.authorization = authorization_.Clone();
  auto state = hsm::ProvisionDevice({uri()}, options);
  ASSERT_TRUE(state.ok()) << state.status();
  state_ = *std::move(state);
}

void LedgerTest::SetUp() {
  const std::string runs_on = GetParam();
  storage_ = test::Storage::Make(runs_on.ends_with("_postgres") ? test::StorageKind::kPostgres
                                                                : test::StorageKind::kSqlite);
  if (runs_on.starts_with("swtpm")) {
    auto tpm = test::Swtpm::Start();
    ASSERT_TRUE(tpm.ok()) << tpm.status();
    device_ = std::make_unique<SwtpmAnchor>(*std::move(tpm));
  } else {
    auto token = test::SoftHsm::Start();
    ASSERT_TRUE(token.ok()) << token.status();
    device_ = std::make_unique<SoftHsmAnchor>(*std::move(token));
  }
  device_->Provision();
  if (runs_on.find("_sealed") == std::string::npos) return;
  const auto device = device_->Open();
  ASSERT_TRUE(device.ok()) << device.status();
  const auto key = (*device)->period_keys()->Make(1, 1000);
  ASSERT_TRUE(key.ok()) << key.status();
}

absl::StatusOr<std::unique_ptr<Store>> LedgerTest::OpenStore(const std::filesystem::path& file,
                                                             hsm::Device& device,
                                                             test::Storage::Ledger ledger) {
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Store> store, storage_->Open(file, ledger));
  if (std::string(GetParam()).find("_sealed") == std::string::npos) return store;
  return SealedStore::Over(std::move(store), *device.period_keys());
}

void LedgerTest::Create(uint32_t exponent) {
  auto device = device_->Open();
  ASSERT_TRUE(device.ok()) << device.status();
  auto store = OpenStore(path(), **device, test::Storage::Ledger::kNew);
  ASSERT_TRUE(store.ok()) << store.status();
  auto ledger = Ledger::Create(**store, *(*device)->freshness_anchor(), kRealm, exponent);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  running_ = {*std::move(store), *std::move(device), *std::move(ledger), {}};
}

absl::Status LedgerTest::OpenAt(const std::filesystem::path& file, Running& running, const Bytes& realm) {
  running = Running();
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<hsm::Device> device, device_->Open());
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Store> store, OpenStore(file, *device));
  Ledger::OpenReport report;
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Ledger> ledger,
                          Ledger::Open(*store, *device->freshness_anchor(), realm, &report, reads_));
  running = {std::move(store), std::move(device), std::move(ledger), report};
  return absl::OkStatus();
}

absl::Status LedgerTest::Commit(Ledger& ledger, std::vector<RowWrite> writes) {
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<StagedBatch> batch, ledger.Stage(std::move(writes)));
  LABREC_RETURN_IF_ERROR(ledger.Persist(*batch));
  return ledger.Anchor(*batch);
}

void LedgerTest::Fill() {
  std::vector<RowWrite> writes;
  for (uint32_t bucket = 0; bucket < 4; ++bucket) {
    for (uint32_t row = 0; row < 2; ++row) {
      writes.push_back(Put(bucket, 10 * bucket + row, Bytes(40, static_cast<uint8_t>(16 * bucket + row))));
    }
  }
  ASSERT_TRUE(Commit(std::move(writes)).ok());
}

}  // namespace labrec::recovery
