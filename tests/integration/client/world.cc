#include "tests/integration/client/world.h"

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "hsm/base/encoding.h"
#include "tests/support/realm/core_call.h"

namespace labrec::recovery::client {

ClientWorld::ClientWorld(EngineOptions options, const EngineRealm::Prepare& prepare) {
  using test::SimulatorKind;
  const SimulatorKind kinds[kRealms] = {SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm,
                                        SimulatorKind::kSwtpm};
  const char* names[kRealms] = {"oslo", "porto", "quito"};
  for (size_t i = 0; i < kRealms; ++i) {
    realms_.push_back(
        std::make_unique<NetworkedRealm>(kinds[i], names[i], certificate_, token_key_, options, prepare));
    proxies_.push_back(std::make_unique<test::RealmProxy>(realms_[i]->address().address, certificate_));
  }
  alice_ = NewClient();
  for (const RealmReport& report : EnrollDevice(*alice_, phone_, "phone", nullptr)) {
    if (report.condition == RealmCondition::kGood) continue;
    std::cerr << "cannot enrol the phone: " << report.error << "\n";
    std::abort();
  }
}

std::unique_ptr<RealmSet> ClientWorld::NewClient(ClientOptions options) {
  auto realms = std::make_unique<RealmSet>("chat", "alice", options);
  for (size_t i = 0; i < kRealms; ++i) {
    RealmAddress address = realms_[i]->address();
    address.address = proxies_[i]->address();
    if (!realms->Add(std::move(address), realms_[i]->Token("alice")).ok()) std::abort();
  }
  return realms;
}

absl::StatusOr<Sealed> ClientWorld::SealAs(const RealmSet& realms, std::string_view pin,
                                           std::string_view secret, uint32_t guess_limit, Holders holders) {
  SealRequest request;
  request.record = "default";
  request.threshold = 2;
  request.guess_limit = guess_limit;
  request.argon.memory_kib = 1024;  // stretching is not what is tested here
  request.holders = holders;
  return Seal(realms, request, Secret(secret), Secret(pin), phone_);
}

absl::StatusOr<RecoverOutcome> ClientWorld::RecoverAs(const RealmSet& realms, std::string_view pin) {
  return Recover(realms, {"default", 2}, Secret(pin));
}

std::string ClientWorld::Recovered(std::string_view pin) {
  return Describe(RecoverAs(*alice_, pin));
}

void ClientWorld::WriteFiles(const std::filesystem::path& folder) {
  std::ofstream realms(folder / "realms.toml");
  for (size_t i = 0; i < kRealms; ++i) {
    const RealmAddress address = realms_[i]->address();
    std::ofstream(folder / (address.name + ".pem")) << address.ca_pem;
    std::ofstream(folder / (address.name + ".jwt")) << realms_[i]->Token("alice") << "\n";
    realms << "[[realm]]\nid = \"" << Hex(address.id) << "\"\nname = \"" << address.name << "\"\naddress = \""
           << proxies_[i]->address() << "\"\nca_certificate = \"" << address.name << ".pem\"\ntoken_file = \""
           << address.name << ".jwt\"\n";
  }
  EXPECT_TRUE(phone_.Save(folder / "phone.key").ok());
}

std::vector<uint32_t> ClientWorld::Remaining() {
  std::vector<uint32_t> remaining;
  for (const auto& realm : realms_) remaining.push_back(realm->Remaining("alice"));
  return remaining;
}

void ClientWorld::Reconnect(size_t i) {
  realms_[i]->Connect();
  EXPECT_TRUE(Eventually([&] { return test::CallRealm(*alice_, i, wire::GetRealmRequest()).ok(); }));
}

std::string Describe(const absl::StatusOr<RecoverOutcome>& outcome) {
  if (!outcome.ok()) return outcome.status().ToString();
  if (const auto* recovered = std::get_if<client::Recovered>(&*outcome)) {
    return "secret: " + ToString(recovered->secret.view());
  }
  if (std::holds_alternative<WrongPin>(*outcome)) return "wrong PIN";
  if (std::holds_alternative<client::LockedUntil>(*outcome)) return "locked";
  if (std::holds_alternative<client::UsedUp>(*outcome)) return "used up";
  if (std::holds_alternative<client::Destroyed>(*outcome)) return "destroyed";
  return "not registered";
}

std::string Got(std::string_view secret) {
  return "secret: " + std::string(secret);
}

std::string Conditions(const std::vector<RealmReport>& reports) {
  std::string text;
  for (const RealmReport& report : reports) {
    text += (text.empty() ? "" : " ") + std::string(ConditionName(report.condition));
  }
  return text;
}

}  // namespace labrec::recovery::client
