#include "tests/hostile/chip/judge.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "recovery/api/wire/config_message.h"
#include "recovery/api/wire/record_messages.h"
#include "recovery/api/wire/registration_messages.h"

namespace labrec::hostile {

namespace wire = recovery::wire;

namespace {

std::optional<wire::RecordConfig> ConfigIn(const Sent& sent) {
  if (sent.method != "FinishRegistration") return std::nullopt;
  const auto request = wire::Decode<wire::FinishRegistrationRequest>(sent.body);
  return request ? wire::Decode<wire::RecordConfig>(request->config) : std::nullopt;
}

class ChipJudge {
 public:
  explicit ChipJudge(const ChipMove& move) : move_(move) {}

  std::vector<Violation> Run() {
    Signatures();
    std::optional<wire::RecordConfig> last;  // a beginning that another one replaced is undone
    bool done = false;
    for (const Sent& sent : move_.stage.sent) {
      const auto config = ConfigIn(sent);
      if (!config || !Demand(*config)) continue;
      done = (last && last->version == config->version && done) || (sent.truth && sent.truth->status.ok());
      last = config;
    }
    if (last) Holders(*last, done);
    return std::move(violations_);
  }

 private:
  void Broken(const std::string& rule, const std::string& text) { violations_.push_back({rule, text}); }

  // What is signed for a version that is not being made in this move.
  void Signatures() {
    std::map<std::pair<size_t, uint32_t>, std::set<Bytes>> refills;
    std::set<uint32_t> begun;
    for (const Sent& sent : move_.stage.sent) {
      const auto registration = wire::Decode<wire::BeginRegistrationRequest>(sent.body);
      if (sent.method == "BeginRegistration" && registration) {
        begun.insert(registration->version);
        if (move_.act != Act::kSeal && !refills.empty())
          Broken("ending", "an index is refilled, and what ends it is begun after that");
      }
      if (sent.method != "FinishChipWrite") continue;
      const auto write = wire::Decode<wire::FinishChipWriteRequest>(sent.body);
      if (!write || begun.contains(write->version)) continue;
      if (move_.act == Act::kRecoverWrong) Broken("refill", "a wrong PIN signs a chip's write");
      if (write->limit == 0) continue;
      if (refills[{sent.realm, write->version}].insert(write->signature).second) {
        Explained(sent.realm, write->version);
      }
    }
    for (const auto& [where, each] : refills) {
      if (each.size() <= 1) continue;
      Broken("signed",
             absl::StrCat("realm ", where.first, " was given ", each.size(), " signatures for one refill"));
    }
  }

  // How often the version's key was used there since its latest refill, before this move.
  std::optional<uint32_t> UsesBefore(size_t realm, uint32_t version) const {
    for (const auto& truth : move_.before) {
      const auto found = std::ranges::find(truth.versions, version, &wire::RecordVersion::version);
      if (found == truth.versions.end()) continue;
      const auto config = wire::Decode<wire::RecordConfig>(found->config);
      if (!config) continue;
      for (const auto& share : config->realms) {
        if (share.realm_id != move_.stage.IdOf(realm) || !share.chip) continue;
        const auto use = move_.chips_before[realm].find(share.chip->index);
        if (use == move_.chips_before[realm].end() || use->second.limit < config->guess_limit) break;
        return use->second.count - (use->second.limit - config->guess_limit);
      }
    }
    return std::nullopt;
  }
  bool WasEvaluated(size_t realm) const {
    return std::ranges::any_of(move_.stage.sent, [&](const Sent& sent) {
      return sent.realm == realm && sent.method == "Evaluate" && sent.truth && sent.truth->status.ok();
    });
  }
  // No refill where the chip counted more than the owner's entry and what honest realms counted.
  void Explained(size_t realm, uint32_t version) {
    const auto there = UsesBefore(realm, version);
    if (!there) return;
    uint32_t explained = 1;
    for (size_t i = 0; i < move_.plan.realms; ++i) {
      if (i != realm && !move_.stage.IsLiar(i)) {
        explained = std::max(explained, UsesBefore(i, version).value_or(0) + 1);
      }
    }
    const uint32_t used = *there + (WasEvaluated(realm) ? 1 : 0);
    if (used <= explained) return;
    Broken("unexplained", absl::StrCat("a refill is signed for realm ", realm, " whose chip counted ", used,
                                       " uses, ", explained, " of them explained"));
  }

  // Who demands that every chip counts gets no config with a realm whose chip does not.
  bool Demand(const wire::RecordConfig& config) {
    const bool all = std::ranges::all_of(config.realms, [](const auto& share) { return !!share.chip; });
    if (all || !move_.plan.every_chip) return true;
    Broken("demand", "a config goes out in which a realm's chip does not count");
    return false;
  }

  // Nothing that the PIN protects is with a realm whose chip does not count as the config says.
  void Holders(const wire::RecordConfig& config, bool done) {
    for (const auto& share : config.realms) {
      for (size_t i = 0; i < move_.plan.realms; ++i) {
        if (move_.stage.IdOf(i) != share.realm_id || !share.chip) continue;
        if (move_.stage.IsOutsideOfChip(i, config.version)) {
          Broken("key", absl::StrCat("realm ", i, " evaluates by a key outside of its chip"));
        }
        if (done) Index(i, share.chip->index, config.guess_limit);
      }
    }
  }
  void Index(size_t realm, uint32_t index, uint32_t guess_limit) {
    const auto use = move_.chips_after[realm].find(index);
    if (use == move_.chips_after[realm].end()) {
      Broken("chip", absl::StrCat("the chip of realm ", realm, " has no such index"));
    } else if (use->second.left() != guess_limit) {
      Broken("granted", absl::StrCat("the chip of realm ", realm, " lets ", use->second.left(),
                                     " guesses be made, and not ", guess_limit));
    }
  }

  const ChipMove& move_;
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> JudgeChips(const ChipMove& move) {
  return ChipJudge(move).Run();
}

}  // namespace labrec::hostile
