#include "tests/support/realm/chip_realm.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/client/chip/begin.h"
#include "recovery/client/enroll.h"
#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/recover.h"
#include "tests/support/process/eventually.h"
#include "tests/support/tpm/ek_certificate.h"
#include "tests/support/tpm/local_ca.h"

namespace labrec::test {

using namespace recovery::client;  // NOLINT: this is a client

namespace {

constexpr int kRepeated = 12;  // some seconds: the realm may be that slow to come back on a busy machine
constexpr char kRecord[] = "default";

SecretBytes Secret(std::string_view text) {
  return SecretBytes::CopyOf(AsBytes(text));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChipRealm>> ChipRealm::Make(Options options) {
  auto made = std::make_unique<ChipRealm>();
  RealmFixture::Options fixture;
  fixture.transport = RealmFixture::Transport::kLoopbackTls;
  fixture.limits += options.limits;
  fixture.more_configuration =
      absl::StrCat("[attestation]\nper_minute = 6000\nper_minute_and_account = 6000\n", options.sections);
  fixture.prepare_tpm = [](const Swtpm& tpm) { return GiveEkCertificate(tpm, EkKind::kP256); };
  LABREC_ASSIGN_OR_RETURN(made->realm_, RealmFixture::Make(SimulatorKind::kSwtpm, std::move(fixture)));
  LABREC_ASSIGN_OR_RETURN(made->trust_, LocalCa::Instance().Trust());
  LABREC_ASSIGN_OR_RETURN(Bytes issuer, LocalCa::Instance().Issuer());
  made->trust_.anchors.push_back(std::move(issuer));
  std::string tcti = made->realm_->swtpm()->tcti();
  if (options.judge) {
    LABREC_ASSIGN_OR_RETURN(made->proxy_,
                            TpmProxy::Start(tcti.substr(tcti.find('=') + 1), std::move(options.judge)));
    tcti = made->proxy_->tcti();
  }
  made->device_uri_ = absl::StrCat("tpm2:", tcti);
  if (options.counted_indices > 0) {
    absl::StrAppend(&made->device_uri_, "?counted-indices=", options.counted_indices);
  }
  made->realm_->SetDeviceUri(made->device_uri_);
  return made;
}

absl::StatusOr<std::unique_ptr<RealmSet>> ChipRealm::Connect(const std::string& account, int attempts) {
  ClientOptions options;
  options.channel.attempts = attempts;
  auto realms = std::make_unique<RealmSet>("chat", account, options);
  RealmAddress address;
  LABREC_ASSIGN_OR_RETURN(address.id, FromHex(realm_->realm_id()));
  address.name = "oslo";
  address.address = realm_->address();
  LABREC_ASSIGN_OR_RETURN(const Bytes ca, ReadFile(realm_->ca_certificate(), 1U << 16));
  address.ca_pem = ToString(ca);
  LABREC_RETURN_IF_ERROR(realms->Add(std::move(address), realm_->Token(account)));
  return realms;
}

absl::StatusOr<ChipRealm::Account> ChipRealm::NewAccount(const std::string& name) {
  Account account;
  account.name = name;
  LABREC_ASSIGN_OR_RETURN(account.realms, Connect(name, 1));
  for (const RealmReport& report : EnrollDevice(*account.realms, account.device, "phone", nullptr)) {
    if (report.condition != RealmCondition::kGood) return report.error;
  }
  return account;
}

absl::Status ChipRealm::Reconnect(Account& account) {
  LABREC_ASSIGN_OR_RETURN(account.realms, Connect(account.name, kRepeated));
  return absl::OkStatus();
}

absl::StatusOr<Sealed> ChipRealm::Seal(const Account& account, uint32_t guess_limit,
                                       Enforcement enforcement) const {
  SealRequest request;
  request.record = kRecord;
  request.guess_limit = guess_limit;
  request.argon.memory_kib = 64;
  request.enforcement = enforcement;
  request.trust.roots = trust_;
  return recovery::client::Seal(*account.realms, request, Secret(kSecret), Secret(kRightPin), account.device);
}

absl::Status ChipRealm::Abandon(const Account& account, const std::string& record) const {
  const EcdsaPrivateKey unlock_key = EcdsaPrivateKey::Generate();
  const SecretBytes input = Secret("the input of an evaluation");
  ChipTrust trust;
  trust.roots = trust_;
  const core::KeyAtHand signer(account.device);
  const core::ChipBeginning beginning{record, 1, 3, unlock_key, input, trust, signer};
  return RunOverGrpc<core::BegunInChip>(*account.realms,
                                        [&](core::Scope& scope, core::Account& at) {
                                          return core::BeginInChip(scope, at, 0, beginning);
                                        })
      .status();
}

std::string ChipRealm::Try(const Account& account, std::string_view pin) {
  recovery::client::RecoverRequest request{kRecord, 1};
  request.own_tries = 20;
  const auto outcome = Recover(*account.realms, request, Secret(pin));
  if (!outcome.ok()) return std::string(outcome.status().message());
  if (const auto* recovered = std::get_if<Recovered>(&*outcome)) {
    return AsText(recovered->secret.view()) == kSecret ? "right" : "another secret";
  }
  return std::holds_alternative<WrongPin>(*outcome) ? "wrong" : "gone";
}

nlohmann::json ChipRealm::Status() {
  const auto status = realm_->Admin({"status"});
  return status.ok() ? nlohmann::json::parse(*status) : nlohmann::json();
}

int ChipRealm::UsedAfterAll(int wanted) {
  int used = -1;
  Eventually([&] {
    const nlohmann::json status = Status();
    used = status.is_object() ? status["chip"].value("used", -1) : -1;
    return used == wanted;
  });
  return used;
}

}  // namespace labrec::test
