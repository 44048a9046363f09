#include "recovery/client/c/operation.h"

#include "hsm/base/clock.h"
#include "hsm/base/random_source.h"
#include "pin/pin_text.h"
#include "recovery/client/c/views.h"
#include "recovery/client/core/gather.h"
#include "recovery/client/operations/attest.h"
#include "recovery/client/operations/reports.h"

namespace labrec::recovery::client::c {

void CallerHost::Random(std::span<uint8_t> to) {
  if (settings_.random != nullptr) {
    settings_.random(settings_.context, to.data(), to.size());
    return;
  }
  SystemRandom(to);
}

int64_t CallerHost::UnixMillis() {
  if (settings_.unix_ms != nullptr) return settings_.unix_ms(settings_.context);
  return SystemClock().NowMillis();
}

core::Task<> ProveAll(core::Scope& scope, core::Account& account, const Settings& settings) {
  std::vector<AttestDemand> demands(account.size());
  for (size_t i = 0; i < demands.size(); ++i) {
    demands[i].policy = settings.proof;
    demands[i].pinned_ak_name = settings.ak_names[i];
    demands[i].now_ms = account.host().UnixMillis();
    account[i].unproven = absl::FailedPreconditionError("it has not proven itself yet");
  }
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers,
      co_await core::GatherAll<RealmAttestation>(scope, account.size(), [&](size_t i, core::Scope& within) {
        return core::AttestRealm(within, account, i, demands[i]);
      }));
  for (size_t i = 0; i < answers.size(); ++i) {
    account[i].unproven = answers[i].status();
    if (answers[i].ok()) account[i].proven_tls_key = answers[i]->tls_key_hash;
  }
  co_return absl::OkStatus();
}

core::Task<std::vector<RealmReport>> ProvenSoFar(const core::Account& account) {
  std::vector<RealmReport> reports;
  reports.reserve(account.size());
  for (size_t i = 0; i < account.size(); ++i) {
    reports.push_back(core::GoodReport(account, i));
    if (!account[i].unproven.ok()) reports.back().Failed(account[i].unproven);
  }
  co_return reports;
}

}  // namespace labrec::recovery::client::c

lrc_op::lrc_op(const lrc_account& of)
    : settings(of.settings),
      host(*settings),
      account(host, settings->tenant, settings->account, settings->limits) {
  for (const auto& realm : settings->realms) account.Add(realm);
  if (settings->device) device.emplace(settings->device->DeviceId());
}

void lrc_op::Fail(absl::Status status) {
  outcome.kind = LRC_OUTCOME_FAILED;
  outcome.status = std::move(status);
  WriteTexts(outcome);
}

bool lrc_op::TakePin(lrc_bytes typed, labrec::SecretBytes& to) {
  auto made = labrec::pin::NormalizePin(labrec::recovery::client::c::View(typed));
  if (!made.ok()) {
    Fail(made.status());
    return false;
  }
  to = *std::move(made);
  return true;
}

const labrec::recovery::client::core::Signer* lrc_op::SignerFor(const lrc_op* by) {
  if (by != nullptr) {
    recovered = by->outcome.recovered;
    if (recovered != nullptr) return &authority.emplace(recovered->authority);
    Fail(absl::FailedPreconditionError("the operation that is to sign has recovered nothing"));
    return nullptr;
  }
  if (device) return &*device;
  Fail(absl::InvalidArgumentError("the account has no device_public_key, and no recovery signs"));
  return nullptr;
}
