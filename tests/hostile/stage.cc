#include "tests/hostile/stage.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"

#include "hsm/base/hash.h"
#include "recovery/api/wire/record_messages.h"
#include "tests/hostile/fields.h"
#include "tests/hostile/lie_dice.h"
#include "tests/hostile/long_lists.h"
#include "tests/hostile/people.h"
#include "tests/support/tpm/local_ca.h"

namespace labrec::hostile {

namespace core = recovery::client::core;
namespace wire = recovery::wire;

namespace {

bool IsOfProof(std::string_view method) {
  return method == "GetRealm" || method == "GetIdentity" || method == "Attest";
}

core::Reply Says(absl::Status status) {
  core::Reply reply;
  reply.status = std::move(status);
  return reply;
}

template <typename M>
core::Reply Gives(const M& message) {
  core::Reply reply;
  reply.body = wire::Encode(message);
  return reply;
}

uint32_t VersionIn(const Bytes& body) {
  const auto request = wire::Decode<wire::BeginUnlockRequest>(body);  // others begin alike
  return request ? request->version : 0;
}

// Any; half the time one that clients draw something from.
absl::StatusCode OneCode(sim::Dice& dice) {
  constexpr absl::StatusCode kTelling[] = {absl::StatusCode::kNotFound, absl::StatusCode::kFailedPrecondition,
                                           absl::StatusCode::kAborted, absl::StatusCode::kPermissionDenied,
                                           absl::StatusCode::kUnavailable};
  if (dice.Chance(500)) return kTelling[dice.Below(std::size(kTelling))];
  return static_cast<absl::StatusCode>(dice.Between(1, 16));
}

std::string InWords(const core::Reply& reply) {
  if (reply.status.ok()) return absl::StrCat("OK, ", reply.body.size(), " bytes");
  return absl::StrCat(std::string(absl::StatusCodeToString(reply.status.code())), ": ",
                      reply.status.message().substr(0, 60));
}

}  // namespace

World::World() {
  for (size_t i = 0; i < kStageRealms; ++i) realms.push_back(std::make_unique<TrueRealm>(i, clock));
}

World::World(size_t chips) {
  for (size_t i = 0; i < chips; ++i) OnATpm(i, realms.emplace_back());
  chip_roots = test::LocalCa::Instance().Trust().value();
  chip_roots->anchors.push_back(test::LocalCa::Instance().Issuer().value());
}

TrueRealm& World::OnATpm(size_t number, std::unique_ptr<TrueRealm>& to) {
  auto tpm = test::SimulatedDevice::Start(test::SimulatorKind::kSwtpm);
  if (!tpm.ok()) {
    std::cerr << "no software TPM: " << tpm.status() << "\n";
    std::abort();
  }
  to = std::make_unique<TrueRealm>(number, clock, *tpms.emplace_back(*std::move(tpm)));
  return *to;
}

TrueRealm& World::Other(size_t realm) {
  std::unique_ptr<TrueRealm>& other = others_[realm];
  return other ? *other : OnATpm(realm, other);
}

Stage::Stage(World& world, const Plan& plan, const std::set<LieName>& unsaid, std::string account)
    : world_(world),
      plan_(plan),
      unsaid_(unsaid),
      account_(std::move(account)),
      random_(plan.seed ^ 0x5EED5EEDU),
      tricks_(plan.guess_limit) {}

TrueRealm& Stage::At(size_t realm) const {
  const bool is_another = std::ranges::any_of(
      plan_.liars, [&](const Liar& liar) { return liar.realm == realm && liar.IsAnother(); });
  return is_another ? world_.Other(realm) : *world_.realms[realm];
}

void Stage::Begin(size_t move, std::string entered_pin) {
  move_ = move;
  entered_pin_ = std::move(entered_pin);
  const Move& now = plan_.moves[move];
  lying_.clear();
  if (now.lying) {
    for (const Liar& liar : plan_.liars) lying_.emplace(liar.realm, liar);
  }
  away_ = now.away;
  occurrences_.clear();
  forgery_.reset();
  forged_version.reset();
  sent.clear();
  stuck.clear();
}

std::array<uint8_t, 32> Stage::KeyOf(size_t realm) const {
  return Sha256(AsBytes(absl::StrCat("the TLS key of realm ", realm)));
}

void Stage::Demand(const std::set<size_t>& proven) {
  demanded_ = true;
  proven_ = proven;
}

std::unique_ptr<core::Account> Stage::NewAccount() {
  core::Limits limits;
  auto account = std::make_unique<core::Account>(*this, kTenant, account_, limits);
  for (size_t i = 0; i < plan_.realms; ++i) {
    core::Realm realm;
    realm.id = world_.realms[i]->id();
    realm.name = NameOfRealm(i);
    if (demanded_ && !proven_.contains(i)) realm.unproven = absl::FailedPreconditionError("it gave no proof");
    if (demanded_ && proven_.contains(i)) realm.proven_tls_key = KeyOf(i);
    account->Add(std::move(realm));
  }
  return account;
}

const core::Reply& Stage::Truth(const CallStep& call, Sent& one) {
  if (!one.truth) {
    one.truth = At(call.realm).Answer(call);
    one.truth->tls_key_hash = KeyOf(call.realm);
    if (one.truth->status.ok()) history_[one.method].push_back(*one.truth);
  }
  return *one.truth;
}

Stage::Answer Stage::Truly(const CallStep& call, Sent& one, sim::Dice& dice) {
  const int64_t after_ms = dice.Chance(300) ? static_cast<int64_t>(dice.Below(200)) : 0;
  return {Truth(call, one), after_ms};
}

std::optional<core::Reply> Stage::Claim(const CallStep& call, const Reply& truth, sim::Dice& dice) {
  constexpr int64_t kFarAhead = 1'900'000'000'000;
  const auto which = dice.Below(5);
  if (call.method == "GetRecord") {
    wire::GetRecordResponse response =
        wire::Decode<wire::GetRecordResponse>(truth.body).value_or(wire::GetRecordResponse());
    if (which == 0) response.state = wire::RecordState::kDestroyed;
    if (which == 1) response.state = wire::RecordState::kNotRegistered;
    if (which == 2) response.state = wire::RecordState::kLocked;
    if (which == 3) response.highest_version = dice.Chance(500) ? 0xFFFFFFFE : 0xFFFFFFFF;
    for (wire::RecordVersion& version : response.versions) {
      if (which == 2) version.locked_until_ms = kFarAhead;
      if (which == 4) version.remaining = static_cast<uint32_t>(dice.Below(2));
    }
    return Gives(response);
  }
  if (call.method == "Evaluate") {
    wire::EvaluateResponse response =
        wire::Decode<wire::EvaluateResponse>(truth.body).value_or(wire::EvaluateResponse());
    if (which == 0) response.outcome = wire::Destroyed();
    if (which == 1) response.outcome = wire::NotRegistered();
    if (which == 2) response.outcome = wire::LockedUntil{kFarAhead, 1};
    if (which == 3) response.outcome = std::monostate();
    if (auto* evaluated = std::get_if<wire::Evaluated>(&response.outcome)) {
      evaluated->remaining = static_cast<uint32_t>(dice.Below(2));
    }
    return Gives(response);
  }
  if (call.method == "Unlock") {
    wire::UnlockResponse response;
    if (which < 2) response.outcome = wire::Destroyed();
    if (which == 2) response.outcome = wire::NotRegistered();
    return Gives(response);
  }
  return Says(which < 3 ? absl::NotFoundError("a claim") : absl::PermissionDeniedError("a claim"));
}

core::Reply Stage::TooLong(const CallStep& call, Sent& one, sim::Dice& dice) {
  constexpr uint64_t kEntries[] = {33, 200, 3000};
  Reply reply = Truth(call, one);
  if (reply.status.ok()) {
    const auto longer = WithALongList(call.method, reply.body, OneOf(kEntries, dice));
    one.is_too_long = longer.has_value();
    if (longer) reply.body = *longer;
  }
  return reply;
}

Stage::Answer Stage::Forged(const Liar& liar, const CallStep& call, Sent& one, sim::Dice& dice) {
  if (!forgery_) {
    const Move& now = plan_.moves[move_];
    Forgery::Wish wish;
    wish.account = account_;
    for (const auto& [realm, each] : lying_) {
      if (!each.kind || each.kind == LieKind::kForged) wish.liars.emplace(realm, world_.realms[realm]->id());
    }
    wish.threshold = std::min<uint32_t>(now.forged_threshold, static_cast<uint32_t>(wish.liars.size()));
    for (size_t i = 0; i < plan_.realms; ++i) {
      const auto truth = world_.realms[i]->Record(account_, kRecord);
      wish.above = std::max(wish.above, truth.highest_version);
    }
    wish.pin = now.forger_knows_pin ? entered_pin_ : "no PIN at all";
    wish.seed = plan_.seed * 131 + move_;
    forgery_ = std::make_unique<Forgery>(wish);
  }
  core::MemoryRealm* realm = forgery_->At(liar.realm);
  const bool about_it = call.method == "GetRecord" || VersionIn(call.body) == forgery_->version();
  if (realm == nullptr || !about_it) return Truly(call, one, dice);
  forged_version = forgery_->version();
  return {realm->Answer(call), 0};
}

Stage::Answer Stage::Lie(const Liar& liar, LieKind kind, const CallStep& call, Sent& one, sim::Dice& dice) {
  const bool done = dice.Chance(500);
  switch (kind) {
    case LieKind::kCode: {
      if (done) Truth(call, one);
      Reply reply = Says(absl::Status(OneCode(dice), "a lie"));
      if (dice.Chance(200)) reply.retry_after_ms = static_cast<int64_t>(dice.Below(20'000));
      return {reply, 0};
    }
    case LieKind::kField: {
      Reply reply = Truth(call, one);
      if (reply.status.ok()) reply.body = WithAFieldChanged(reply.body, dice);
      return {reply, 0};
    }
    case LieKind::kReplay: {
      const std::vector<Reply>& earlier = history_[one.method];
      if (earlier.empty()) return Truly(call, one, dice);
      Reply reply = earlier[dice.Below(earlier.size())];
      if (done) Truth(call, one);
      reply.tls_key_hash = KeyOf(call.realm);
      return {reply, 0};
    }
    case LieKind::kClaim: {
      const Reply truth = done || call.method == "GetRecord" ? Truth(call, one) : Reply();
      return {Claim(call, truth, dice), 0};
    }
    case LieKind::kForged:
      return Forged(liar, call, one, dice);
    case LieKind::kSilence:
      if (done) Truth(call, one);
      return {};
    case LieKind::kLate:
      return {Truth(call, one), static_cast<int64_t>(dice.Between(500, 20'000))};
    case LieKind::kOtherKey: {
      Reply reply = Truth(call, one);
      reply.tls_key_hash = Sha256(AsBytes("another TLS key"));
      return {reply, 0};
    }
    case LieKind::kMany:
      return {TooLong(call, one, dice), 0};
    case LieKind::kCount:
      break;
  }
  return Truly(call, one, dice);
}

Stage::Answer Stage::ByTrick(ChipTrick trick, const CallStep& call, Sent& one, sim::Dice& dice, bool& lied) {
  auto reply = tricks_.Answer(
      trick, call, [&]() -> const Reply& { return Truth(call, one); },
      [&] {
        CallStep certified = call;
        certified.token = world_.realms[call.realm]->Token(account_);
        return world_.realms[call.realm]->Answer(certified);
      });
  lied = reply.has_value();
  return lied ? Answer{std::move(reply), 0} : Truly(call, one, dice);
}

std::optional<Driver::Due> Stage::Call(const CallStep& call) {
  Sent one;
  one.realm = call.realm;
  one.method = std::string(call.method);
  one.body = call.body;
  one.token_is_right = call.token.empty() || call.token == tokens_[call.realm];
  one.may_be_sent = !demanded_ || proven_.contains(call.realm) || IsOfProof(call.method);
  const std::string key = absl::StrCat(call.realm, "/", one.method);
  const LieName name = absl::StrCat(move_, "/", key, "/", occurrences_[key]++);
  sim::Dice dice = DiceFor(plan_.seed, name);

  Answer answer;
  const auto liar = lying_.find(call.realm);
  if (IsAway(call.realm)) {
    one.came = "nothing: it is away";
  } else if (liar == lying_.end() || unsaid_.contains(name) ||
             (!liar->second.method.empty() && liar->second.method != one.method) ||
             !dice.Chance(liar->second.per_mille)) {
    answer = Truly(call, one, dice);
  } else if (const ChipTrick trick = liar->second.trick; trick != ChipTrick::kNone) {
    bool lied = false;
    answer = ByTrick(trick, call, one, dice, lied);
    if (lied) lies.push_back(name);
    if (lied) one.came = absl::StrCat("LIE ", name, " (", NameOf(trick), ") ");
  } else {
    const LieKind kind =
        liar->second.kind.value_or(static_cast<LieKind>(dice.Below(static_cast<uint64_t>(LieKind::kCount))));
    answer = Lie(liar->second, kind, call, one, dice);
    lies.push_back(name);
    one.came = absl::StrCat("LIE ", name, " (", NameOf(kind), one.truth ? "" : ", not asked", ") ");
  }
  if (answer.reply) {
    if (!answer.reply->tls_key_hash) answer.reply->tls_key_hash = KeyOf(call.realm);
    one.came_on_proven_key = answer.reply->tls_key_hash == KeyOf(call.realm);
    absl::StrAppend(&one.came, InWords(*answer.reply));
    if (answer.after_ms > 0) absl::StrAppend(&one.came, " after ", answer.after_ms, " ms");
  }
  sent.push_back(std::move(one));
  if (!answer.reply) return std::nullopt;
  return Driver::Due{answer.after_ms, *std::move(answer.reply)};
}

}  // namespace labrec::hostile
