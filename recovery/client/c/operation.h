#pragma once

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/attest_demand.h"
#include "recovery/client/base/recover_request.h"
#include "recovery/client/base/seal_request.h"
#include "recovery/client/c/account.h"
#include "recovery/client/c/outcome.h"
#include "recovery/client/core/host.h"
#include "recovery/client/core/running.h"
#include "recovery/client/core/signer.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::c {

// The random bytes and the wall clock of lrc_options.
class CallerHost final : public core::Host {
 public:
  explicit CallerHost(const Settings& settings) : settings_(settings) {}
  void Random(std::span<uint8_t> to) override;
  int64_t UnixMillis() override;

 private:
  const Settings& settings_;
};

// A running operation, whatever it comes to.
class Machine {
 public:
  virtual ~Machine() = default;
  virtual core::Step Next(int64_t now_ms) = 0;
  virtual void Answer(core::StepId id, core::Reply reply) = 0;
  virtual void Cancel() = 0;
  // Once the step was DoneStep.
  virtual Outcome Take() = 0;
};

template <typename T>
class MachineOf final : public Machine {
 public:
  template <typename Make>
  explicit MachineOf(Make make) : running_(std::move(make)) {}
  core::Step Next(int64_t now_ms) override { return running_.Next(now_ms); }
  void Answer(core::StepId id, core::Reply reply) override { running_.Answer(id, std::move(reply)); }
  void Cancel() override { running_.Cancel(); }
  Outcome Take() override { return OutcomeOf(running_.Take()); }

 private:
  core::Running<T> running_;
};

// Has every realm prove what the account's `proof` demands; those that do not are asked for nothing else.
core::Task<> ProveAll(core::Scope& scope, core::Account& account, const Settings& settings);

// Good where the realm has proven itself, else why not.
core::Task<std::vector<RealmReport>> ProvenSoFar(const core::Account& account);

// The operation, behind the proofs that the account demands.
template <typename T, typename Make>
core::Task<T> AfterProofs(core::Scope& scope, core::Account& account, const Settings& settings, Make make) {
  if (settings.proof) LABREC_CO_RETURN_IF_ERROR(co_await ProveAll(scope, account, settings));
  auto result = co_await make(scope);
  co_return result;
}

}  // namespace labrec::recovery::client::c

// Members that tasks borrow come before the machine, which ends first.
struct lrc_op {
  explicit lrc_op(const lrc_account& of);

  // `make(scope)` gives the operation's task; it may borrow from this.
  template <typename T, typename Make>
  void Run(Make make);
  // Instead: it has failed already.
  void Fail(absl::Status status);
  // What was typed, in the form that all clients send, into `pin` or `new_pin`. False, and it has failed: it
  // is no PIN.
  bool TakePin(lrc_bytes typed, labrec::SecretBytes& to);
  // The signer of an operation: what `by` recovered, else the account's device. Null, and the operation has
  // failed, if `by` recovered nothing, or if there is neither.
  const labrec::recovery::client::core::Signer* SignerFor(const lrc_op* by);

  // The account's device; may be null.
  const labrec::recovery::client::core::Signer* Device() const { return device ? &*device : nullptr; }

  const std::shared_ptr<const labrec::recovery::client::c::Settings> settings;
  labrec::recovery::client::c::CallerHost host;
  labrec::recovery::client::core::Account account;
  labrec::SecretBytes pin, new_pin, secret;
  std::string name;
  labrec::recovery::client::RecoverRequest request;
  labrec::recovery::client::SealRequest seal;
  std::shared_ptr<const labrec::recovery::client::Recovered> recovered;
  std::optional<labrec::recovery::client::Retirement> retirement;
  std::optional<labrec::recovery::client::core::KeyOfHost> device, voucher;
  std::optional<labrec::recovery::client::core::KeyAtHand> authority;

  std::unique_ptr<labrec::recovery::client::c::Machine> machine;
  labrec::recovery::client::c::Outcome outcome;
  // What the views of the latest step show.
  labrec::recovery::client::core::Step step;
  std::string path;
  bool cancelled = false;
  std::set<uint32_t> signing;  // steps whose answer is a signature
};

template <typename T, typename Make>
void lrc_op::Run(Make make) {
  namespace c = labrec::recovery::client::c;
  machine = std::make_unique<c::MachineOf<T>>([this, make](labrec::recovery::client::core::Scope& scope) {
    return c::AfterProofs<T>(scope, account, *settings, make);
  });
}
