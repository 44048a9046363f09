#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "hsm/base/secret_bytes.h"
#include "pin/stretch.h"
#include "recovery/api/wire/realm_messages.h"
#include "recovery/api/wire/registration_messages.h"
#include "recovery/client/base/chip_trust.h"
#include "recovery/client/base/config_group.h"
#include "recovery/client/base/record_authority.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/signer.h"
#include "recovery/client/core/task.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client::core {

// What a version of a record will be. Borrows the secrets.
struct VersionPlan {
  std::string record;
  uint32_t version = 0;
  uint32_t threshold = 0;
  uint32_t guess_limit = 0;
  size_t least_holders = 0;  // how many realms must hold it before it is activated; threshold..realms
  pin::ArgonParameters argon;
  ByteView salt;
  const SecretBytes* stretched = nullptr;  // the stretched PIN
  const SecretBytes* secret = nullptr;
  Enforcement enforcement = Enforcement::kLedger;
  const ChipTrust* trust = nullptr;  // needed unless by ledger
  // The version that this one replaces, if the caller can sign for it: its indices are retired first.
  const Retirement* retire = nullptr;
};

// One attempt to register one version of a record at all realms. Use once: Begin, Finish, Activate, each only
// after the one before returned OK. Outlives the tasks that it gives.
//
// ABORTED from any of them: another client registered at the same time; take a higher version and try again.
class Registration {
 public:
  Registration(Account& account, const VersionPlan& plan);

  // Before Begin. Asks this realm for nothing, and reports it as kFaulty: it `does` what no honest realm
  // does.
  void LeaveOut(size_t realm, std::string_view does);

  // Makes the version's key at every realm and has the PIN evaluated under it, with two blinds: a realm whose
  // two answers do not come to the same is kFaulty. Where the chip is to count, all that it must prove is
  // verified here, before any share exists; a realm that does not prove it is kFaulty, and one that has no
  // such chip is refused or counts by its ledger, as the plan says. An error if fewer than `least_holders`
  // did it.
  Task<> Begin(Scope& scope, const Signer& signer);
  // Makes the config, shares and sealed secret, and stores them at every realm that began. An error if fewer
  // than the threshold hold it; ABORTED if fewer than `least_holders` do because another client came between.
  Task<> Finish(Scope& scope, const Signer& signer);
  // Retires the indices of the version that this one replaces, wherever this one is held. A realm that does
  // not prove it is not asked to activate: its report says why, and the next recovery sees to it.
  Task<> Retire(Scope& scope);
  // Activates it wherever it is held, signed by its own unlock keys. An error only if no realm did: a version
  // that is pending at enough realms is usable, and the next recovery activates it.
  Task<> Activate(Scope& scope);
  // Gives the version all its guesses wherever it is active. Only for who knows that this takes nothing from
  // a guesser: the PIN of the version before was given, or it is another one (steps/try_pin.h). A realm that
  // does not do it keeps what it has: fewer guesses, until the first success.
  Task<> Refill(Scope& scope);

  const std::vector<RealmReport>& reports() const { return reports_; }
  // Who counts at each realm, and what was proven of it; in share order.
  std::vector<RealmCounting> counting() const;
  // Realms that hold the version.
  size_t holders() const;

 private:
  struct Begun {
    Bytes registration_id;
    SecretBytes rho;
    std::optional<ChipShare> chip;
    attestation::Report report;
    std::string no_chip_reason;
  };
  // Who is to count at a realm.
  struct Counter {
    bool by_chip = false;
    std::string no_chip_reason;
  };
  Task<Begun> BeginAt(Scope& scope, size_t realm, const Signer& signer) const;
  Task<Begun> BeginByLedger(Scope& scope, size_t realm, const SecretBytes& input) const;
  Task<Begun> BeginByChip(Scope& scope, size_t realm, const SecretBytes& input, const Signer& signer) const;
  // Once the realm is the one that the list means.
  Task<Counter> FindCounter(Scope& scope, size_t realm) const;
  static absl::StatusOr<Counter> CounterOf(const Realm& realm, const wire::GetRealmResponse& response,
                                           const VersionPlan& plan);
  // Why the ledger counts after all, as the plan leaves that to the realm: its chip is full. The status else.
  Task<std::string> WhyLedger(Scope& scope, size_t realm, absl::Status status) const;
  // What a failed beginning means: ABORTED if another client was before this one.
  Task<> BeginError(Scope& scope, size_t realm, absl::Status status) const;
  absl::Status MakeConfig();
  absl::StatusOr<Bytes> SealSecret() const;
  Task<wire::FinishRegistrationResponse> FinishAt(Scope& scope, size_t realm, const Signer& signer,
                                                  const Bytes& sealed) const;
  absl::Status Outcome(size_t needed, bool contended) const;

  Account& account_;
  VersionPlan plan_;
  std::vector<RealmReport> reports_;
  std::vector<std::optional<Begun>> begun_;
  Bytes config_;
  Digest digest_{};
  const RecordAuthority authority_;  // made first: indices are bound to its unlock keys
};

}  // namespace labrec::recovery::client::core
