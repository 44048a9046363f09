#include "recovery/client/steps/unlock.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/aead.h"
#include "pin/padding.h"
#include "pin/sharing/commitment.h"
#include "recovery/client/core/gather.h"
#include "recovery/client/core/signed_call.h"
#include "recovery/client/steps/floor_check.h"

namespace labrec::recovery::client::core {
namespace {

Task<wire::UnlockResponse> UnlockWith(Scope& scope, Account& account, size_t realm,
                                      const RecordAuthority& authority, Bytes challenge) {
  const RequestScope about = account.ScopeAt(realm);
  const Bytes message = UnlockBytes(about, authority.record(), authority.version(), challenge);
  wire::UnlockRequest request;
  request.record = authority.record();
  request.version = authority.version();
  request.challenge = std::move(challenge);
  request.signature = authority.SignRaw(about.realm_id, message);
  return Call(scope, account, realm, std::move(request));
}

// With the challenge that came with the evaluation; with a new one if there is none or it is used up: it
// expired, or the answer was lost.
Task<wire::UnlockResponse> UnlockAt(Scope& scope, Account& account, size_t realm,
                                    const RecordAuthority& authority, const std::optional<Bytes>& challenge) {
  if (challenge) {
    auto response = co_await UnlockWith(scope, account, realm, authority, *challenge);
    if (response.ok() || absl::IsCancelled(response.status())) co_return response;
  }
  wire::BeginUnlockRequest begin;
  begin.record = authority.record();
  begin.version = authority.version();
  LABREC_CO_ASSIGN_OR_RETURN(wire::BeginUnlockResponse begun,
                             co_await Call(scope, account, realm, std::move(begin)));
  auto response = co_await UnlockWith(scope, account, realm, authority, std::move(begun.challenge));
  co_return response;
}

// What a realm gave for the unlock signature.
struct Given {
  wire::UnlockResponse response;
  absl::StatusOr<SecretBytes> secret = absl::NotFoundError("no sealed secret");

  const wire::Unlocked* unlocked() const { return std::get_if<wire::Unlocked>(&response.outcome); }
};

absl::StatusOr<SecretBytes> OpenSecret(const Realm& realm, const ConfigGroup& group,
                                       const RecordAuthority& authority, const wire::Unlocked& unlocked) {
  const SecretBytes key = pin::EncryptionKey(authority.s(), group.digest);
  const auto padded = AeadOpen(key.view(), unlocked.sealed_secret, group.digest);
  if (!padded.ok()) {
    return absl::DataLossError(
        absl::StrCat("realm ", realm.name, " gave a sealed secret that the record's key does not open"));
  }
  return pin::Unpad(*padded);
}

void ReportGiven(const Given& given, RealmReport& report) {
  if (std::holds_alternative<wire::Destroyed>(given.response.outcome)) {
    report.condition = RealmCondition::kDestroyed;
  } else if (std::holds_alternative<wire::NotRegistered>(given.response.outcome)) {
    report.condition = RealmCondition::kNotRegistered;
  } else if (!given.secret.ok()) {
    report.condition = RealmCondition::kFaulty;
    report.error = given.secret.status();
  } else {
    report.remaining = given.unlocked()->remaining;
  }
}

// Whether the realm has the version, though it did not evaluate.
bool IsLeftToRefill(const RealmReport& report) {
  return report.condition == RealmCondition::kLate || report.condition == RealmCondition::kLocked ||
         report.condition == RealmCondition::kSpent;
}

Task<Given> UnlockAndOpen(Scope& scope, Account& account, size_t realm, const ConfigGroup& group,
                          const RecordAuthority& authority, const std::optional<Bytes>& challenge) {
  Given given;
  LABREC_CO_ASSIGN_OR_RETURN(given.response, co_await UnlockAt(scope, account, realm, authority, challenge));
  if (given.unlocked() != nullptr) {
    given.secret = OpenSecret(account[realm], group, authority, *given.unlocked());
  }
  co_return given;
}

// Takes what this realm gave into `opened`.
void Take(const Account& account, size_t realm, Given& given, const std::string& record,
          std::optional<Opened>& opened, std::vector<RealmFloor>& floors, RealmReport& report) {
  if (given.secret.ok() && !opened) opened.emplace(Opened{*std::move(given.secret), {}});
  if (given.unlocked() == nullptr || !given.unlocked()->floor) return;
  auto floor = CheckFloor(account, realm, record, *given.unlocked()->floor);
  if (floor.ok()) {
    floors.push_back(*std::move(floor));
  } else {
    report.condition = RealmCondition::kFaulty;
    report.error = floor.status();
  }
}

}  // namespace

Task<uint32_t> RefillAt(Scope& scope, Account& account, size_t realm, const RecordAuthority& authority) {
  const std::optional<Bytes> none;
  LABREC_CO_ASSIGN_OR_RETURN(const wire::UnlockResponse response,
                             co_await UnlockAt(scope, account, realm, authority, none));
  if (const auto* unlocked = std::get_if<wire::Unlocked>(&response.outcome)) co_return unlocked->remaining;
  co_return absl::NotFoundError("the record is not usable there any more");
}

Task<Opened> UnlockAll(Scope& scope, Account& account, const ConfigGroup& group,
                       const RecordAuthority& authority, const std::vector<std::optional<Bytes>>& challenges,
                       std::vector<RealmReport>& reports) {
  std::vector<size_t> asked;
  for (const GroupMember& member : group.members) {
    if (IsLeftToRefill(reports[member.realm]) || challenges[member.realm]) asked.push_back(member.realm);
  }
  LABREC_CO_ASSIGN_OR_RETURN(auto answers, co_await GatherUntil<Given>(
                                               scope, asked.size(), account.limits().grace_ms,
                                               [&](size_t i, Scope& within) {
                                                 return UnlockAndOpen(within, account, asked[i], group,
                                                                      authority, challenges[asked[i]]);
                                               },
                                               [](const Answers<Given>& so_far) {
                                                 return std::ranges::any_of(so_far, [](const auto& a) {
                                                   return a && a->ok() && (*a)->secret.ok();
                                                 });
                                               }));
  std::optional<Opened> opened;
  std::vector<RealmFloor> floors;
  for (size_t i = 0; i < asked.size(); ++i) {
    RealmReport& report = reports[asked[i]];
    if (!answers[i].ok()) {
      if (report.condition != RealmCondition::kFaulty) report.Failed(answers[i].status());
      continue;
    }
    if (IsLeftToRefill(report)) report.condition = RealmCondition::kGood;
    ReportGiven(*answers[i], report);
    Take(account, asked[i], *answers[i], authority.record(), opened, floors, report);
  }
  if (!opened) {
    co_return absl::DataLossError(
        "the PIN is right, but no realm gave a sealed secret that opens; try again, and if it stays so, seal "
        "the secret again from a device that has it");
  }
  SortHighestFirst(floors);
  opened->floors = std::move(floors);
  co_return *std::move(opened);
}

Task<> FinishActivation(Scope& scope, Account& account, const ConfigGroup& group,
                        const RecordAuthority& authority, std::vector<RealmReport>& reports) {
  std::vector<size_t> pending;
  for (const GroupMember& member : group.members) {
    const bool unlocked = reports[member.realm].condition == RealmCondition::kGood;
    if (unlocked && member.stage == OfferStage::kPending) pending.push_back(member.realm);
  }
  wire::ActivateRequest request;
  request.record = authority.record();
  request.version = authority.version();
  const Bytes body = ActivateBody(authority.record(), authority.version());
  const KeyAtHand signer(authority);
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers,
      co_await GatherAll<wire::ActivateResponse>(scope, pending.size(), [&](size_t i, Scope& within) {
        return SignedCall(within, account, pending[i], Operation::kActivate, body, signer, request);
      }));
  for (size_t i = 0; i < pending.size(); ++i) {
    if (answers[i].ok()) continue;
    reports[pending[i]].condition = RealmCondition::kPending;
    reports[pending[i]].error = answers[i].status();
  }
  co_return absl::OkStatus();
}

}  // namespace labrec::recovery::client::core
