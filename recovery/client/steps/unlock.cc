#include "recovery/client/steps/unlock.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/aead.h"
#include "hsm/base/status_macros.h"
#include "pin/commitment.h"
#include "pin/padding.h"
#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/signed_call.h"
#include "recovery/client/steps/floor_check.h"

namespace labrec::recovery::client {
namespace {

absl::StatusOr<v1::UnlockResponse> UnlockWith(const RealmSet& realms, size_t realm,
                                              const RecordAuthority& authority, ByteView challenge,
                                              Cancellation& cancellation) {
  const RequestScope scope = realms.Scope(realm);
  const Bytes message = UnlockBytes(scope, authority.record(), authority.version(), challenge);
  v1::UnlockRequest request;
  request.set_record(authority.record());
  request.set_version(authority.version());
  request.set_challenge(ToString(challenge));
  request.set_signature(ToString(authority.SignRaw(scope.realm_id, message)));
  return realms[realm].Call(request, cancellation);
}

// With the challenge that came with the evaluation; with a new one if there is none or it is used up: it
// expired, or the answer was lost.
absl::StatusOr<v1::UnlockResponse> UnlockAt(const RealmSet& realms, size_t realm,
                                            const RecordAuthority& authority,
                                            const std::optional<Bytes>& challenge,
                                            Cancellation& cancellation) {
  if (challenge) {
    auto response = UnlockWith(realms, realm, authority, *challenge, cancellation);
    if (response.ok() || absl::IsCancelled(response.status())) return response;
  }
  v1::BeginUnlockRequest begin;
  begin.set_record(authority.record());
  begin.set_version(authority.version());
  LABREC_ASSIGN_OR_RETURN(const v1::BeginUnlockResponse begun, realms[realm].Call(begin, cancellation));
  return UnlockWith(realms, realm, authority, AsBytes(begun.challenge()), cancellation);
}

// What a realm gave for the unlock signature.
struct Given {
  v1::UnlockResponse response;
  absl::StatusOr<SecretBytes> secret;
};

absl::StatusOr<SecretBytes> OpenSecret(const RealmChannel& realm, const ConfigGroup& group,
                                       const RecordAuthority& authority, const v1::Unlocked& unlocked) {
  const SecretBytes key = pin::EncryptionKey(authority.s(), group.digest);
  const auto padded = AeadOpen(key.view(), AsBytes(unlocked.sealed_secret()), group.digest);
  if (!padded.ok()) {
    return absl::DataLossError(
        absl::StrCat("realm ", realm.name(), " gave a sealed secret that the record's key does not open"));
  }
  return pin::Unpad(*padded);
}

void Report(const Given& given, RealmReport& report) {
  if (given.response.has_destroyed()) {
    report.condition = RealmCondition::kDestroyed;
  } else if (given.response.has_not_registered()) {
    report.condition = RealmCondition::kNotRegistered;
  } else if (!given.secret.ok()) {
    report.condition = RealmCondition::kFaulty;
    report.error = given.secret.status();
  } else {
    report.remaining = given.response.unlocked().remaining();
  }
}

// Whether the realm has the version, though it did not evaluate.
bool IsLeftToRefill(const RealmReport& report) {
  return report.condition == RealmCondition::kLate || report.condition == RealmCondition::kLocked ||
         report.condition == RealmCondition::kSpent;
}

absl::StatusOr<Given> UnlockAndOpen(const RealmSet& realms, size_t realm, const ConfigGroup& group,
                                    const RecordAuthority& authority, const std::optional<Bytes>& challenge,
                                    Cancellation& cancellation) {
  LABREC_ASSIGN_OR_RETURN(v1::UnlockResponse response,
                          UnlockAt(realms, realm, authority, challenge, cancellation));
  if (!response.has_unlocked()) return Given{std::move(response), absl::NotFoundError("no sealed secret")};
  absl::StatusOr<SecretBytes> secret = OpenSecret(realms[realm], group, authority, response.unlocked());
  return Given{std::move(response), std::move(secret)};
}

// Takes what this realm gave into `opened`.
void Take(const RealmSet& realms, size_t realm, Given& given, const std::string& record,
          std::optional<Opened>& opened, std::vector<RealmFloor>& floors, RealmReport& report) {
  if (given.secret.ok() && !opened) opened.emplace(Opened{*std::move(given.secret), {}});
  if (!given.response.has_unlocked() || !given.response.unlocked().has_floor()) return;
  auto floor = CheckFloor(realms, realm, record, given.response.unlocked().floor());
  if (floor.ok()) {
    floors.push_back(*std::move(floor));
  } else {
    report.condition = RealmCondition::kFaulty;
    report.error = floor.status();
  }
}

}  // namespace

absl::StatusOr<uint32_t> RefillAt(const RealmSet& realms, size_t realm, const RecordAuthority& authority,
                                  Cancellation& cancellation) {
  LABREC_ASSIGN_OR_RETURN(const v1::UnlockResponse response,
                          UnlockAt(realms, realm, authority, std::nullopt, cancellation));
  if (response.has_unlocked()) return response.unlocked().remaining();
  return absl::NotFoundError("the record is not usable there any more");
}

absl::StatusOr<Opened> UnlockAll(const RealmSet& realms, const ConfigGroup& group,
                                 const RecordAuthority& authority,
                                 const std::vector<std::optional<Bytes>>& challenges,
                                 std::vector<RealmReport>& reports) {
  std::vector<size_t> asked;
  for (const GroupMember& member : group.members) {
    if (IsLeftToRefill(reports[member.realm]) || challenges[member.realm]) asked.push_back(member.realm);
  }
  auto answers = GatherUntil<Given>(
      asked.size(), realms.options().grace,
      [&](size_t i, Cancellation& cancellation) {
        return UnlockAndOpen(realms, asked[i], group, authority, challenges[asked[i]], cancellation);
      },
      [](const Answers<Given>& so_far) {
        return std::ranges::any_of(so_far, [](const auto& a) { return a && a->ok() && (*a)->secret.ok(); });
      });
  std::optional<Opened> opened;
  std::vector<RealmFloor> floors;
  for (size_t i = 0; i < asked.size(); ++i) {
    RealmReport& report = reports[asked[i]];
    if (!answers[i].ok()) {
      if (report.condition != RealmCondition::kFaulty) report.Failed(answers[i].status());
      continue;
    }
    if (IsLeftToRefill(report)) report.condition = RealmCondition::kGood;
    Report(*answers[i], report);
    Take(realms, asked[i], *answers[i], authority.record(), opened, floors, report);
  }
  if (!opened) {
    return absl::DataLossError(
        "the PIN is right, but no realm gave a sealed secret that opens; try again, and if it stays so, seal "
        "the secret again from a device that has it");
  }
  SortHighestFirst(floors);
  opened->floors = std::move(floors);
  return *std::move(opened);
}

void FinishActivation(const RealmSet& realms, const ConfigGroup& group, const RecordAuthority& authority,
                      std::vector<RealmReport>& reports) {
  std::vector<size_t> pending;
  for (const GroupMember& member : group.members) {
    const bool unlocked = reports[member.realm].condition == RealmCondition::kGood;
    if (unlocked && member.stage == OfferStage::kPending) pending.push_back(member.realm);
  }
  v1::ActivateRequest request;
  request.set_record(authority.record());
  request.set_version(authority.version());
  const Bytes body = ActivateBody(authority.record(), authority.version());
  const auto answers =
      GatherAll<v1::ActivateResponse>(pending.size(), [&](size_t i, Cancellation& cancellation) {
        return SignedCall(realms, pending[i], Operation::kActivate, body, authority, request, cancellation);
      });
  for (size_t i = 0; i < pending.size(); ++i) {
    if (answers[i].ok()) continue;
    reports[pending[i]].condition = RealmCondition::kPending;
    reports[pending[i]].error = answers[i].status();
  }
}

}  // namespace labrec::recovery::client
