#include "tests/explorer/invariants.h"

#include <algorithm>

#include "recovery/record/codec/record_checks.h"
#include "tests/explorer/history.h"

namespace labrec::recovery::explorer {
namespace {

State RowsOnly(State state) {
  state.thief_guesses = state.greatest_limit = state.in_delay = 0;
  for (VersionState& version : state.versions) version.since_success = version.proven = 0;
  return state;
}
bool SameRows(const State& a, const State& b) {
  return RowsOnly(a) == RowsOnly(b);
}

bool NoThiefsDevice(const State& state) {
  return state.enrolled[kStolen] == 0 && state.enrolled[kOther] == 0;
}
// The thief's devices are revoked, and the active version is the owner's.
bool IsOwnersAgain(const State& state) {
  const VersionState& first = state.versions[0];
  return NoThiefsDevice(state) && state.x_stage != kActiveStage && first.stage == kActiveStage &&
         IsSecret(first);
}
bool HoldsNothing(const State& state) {
  if (!NoThiefsDevice(state) || state.x_stage != kNoStage) return false;
  if (state.begun != 0 && state.begun_by == kThief) return false;
  return std::ranges::none_of(state.versions,
                              [](const VersionState& version) { return HoldsKey(version, kThief); });
}

// One state, or the step that made it.
class Judging {
 public:
  Judging(const Options& options, const Functions& functions, const Report& report)
      : options_(options), functions_(functions), report_(report) {}

  void Rows(const State& state) const {
    const World world = RowsOf(state);
    if (world.main && !IsValidRecord(*world.main)) report_("row", "the codec would refuse the row");
  }

  void Holdings(const State& state) const {
    if (IsOwnersAgain(state) && !HoldsNothing(state)) {
      report_("I4",
              "all devices of the thief are revoked, a version of the owner's is active, and the thief "
              "holds something");
    }
    for (const VersionState& version : state.versions) {
      if (!version.exists() || version.stage == kActiveStage || version.registrar == kByUnlockKey) continue;
      if (state.enrolled.at(version.registrar) == 0) report_("I4p", "a version is left of a revoked device");
    }
    if (state.x_stage == kPendingStage && state.x_registrar != kByUnlockKey &&
        state.enrolled.at(state.x_registrar) == 0) {
      report_("I4p", "a pending version of record x is left of a revoked device");
    }
  }

  void Versions(const State& state) const {
    for (const VersionState& version : state.versions) {
      if (!version.usable()) continue;
      if (IsSecret(version) && version.counted < version.since_success && state.accepts == 0) {
        report_("I5", "an element that was evaluated since the last success would be counted again");
      }
      const bool left = functions_.Left(state, version) > 0;
      if (version.maker == kOwner && left && state.late == 0) Recovery(state, version.number);
    }
  }

  void Counts(const Move& move, const State& after) const {
    const uint8_t given_back = GivenBack(after, options_);
    for (const VersionState& version : after.versions) {
      if (IsSecret(version) && version.since_success > version.limit + given_back) {
        report_("I1", "more evaluations of a version than its limit");
      }
    }
    if (after.thief_guesses > after.greatest_limit + given_back) {
      report_("I2", "more evaluations by the thief than the greatest limit");
    }
    if (options_.delays && after.in_delay > 1) report_("D1", "two guesses within one delay");
    if (move.kind == MoveKind::kFinish && move.who == kOwner) FirstGuess(after);
    if (move.kind == MoveKind::kFinishChip && move.who == kOwner) FirstGuess(after);
  }

  void Losses(const State& before, const Move& move, Result result, const State& after) const {
    for (const VersionState& version : before.versions) {
      if (!IsSecret(version)) continue;
      const auto now = std::ranges::find(after.versions, version.serial, &VersionState::serial);
      const bool erased = now == after.versions.end() || !now->exists();
      const int lost = functions_.Left(before, version) - (erased ? 0 : functions_.Left(after, *now));
      switch (move.kind) {
        case MoveKind::kGuess:
        case MoveKind::kLostGuess:
        case MoveKind::kRepeat:
          GuessCosts(before, move, result, version, erased, lost);
          break;
        case MoveKind::kUnlock:
        case MoveKind::kEnroll:
        case MoveKind::kAdmit:
        case MoveKind::kDeleteX:
        case MoveKind::kWriteChip:
          if (erased || lost > 0) report_("I3a", "takes guesses or a version");
          break;
        case MoveKind::kRevoke:
          if (erased && version.stage == kActiveStage)
            report_("I3c", "a revocation erases an active version");
          break;
        default:
          if (move.signer == kNobody && move.who == kThief && (erased || lost > 0)) {
            report_("I3a", "a token alone takes guesses or a version");
          }
      }
    }
  }

  void Authority(const State& before, const Move& move, const State& after) const {
    if (move.who != kThief) return;
    const bool changes = !SameRows(before, after);
    const bool is_guess =
        move.kind == MoveKind::kGuess || move.kind == MoveKind::kLostGuess || move.kind == MoveKind::kRepeat;
    if (!is_guess && move.kind != MoveKind::kPause && IsOwnersAgain(before) && changes) {
      report_("I4", "the thief's devices are revoked, and he changes something");
    }
    if (HoldsNothing(before) && !HoldsNothing(after)) report_("I4", "the thief held nothing and does again");
    if (move.signer == kNobody && MayRegister(before) && !MayRegister(after)) {
      report_("I3r", "a token alone ends a registration, or makes one impossible");
    }
    if (move.signer == kNobody && after.names_full > before.names_full) {
      report_("I3r", "a token alone fills the account's names");
    }
    if (changes && IsPendingKey(before, move.signer) && !IsItsOwn(move)) {
      report_("A1", "the key of a version that nobody activated acts on record or account");
    }
  }

  void Repeated(const Move& move, Result result, const State& after) const {
    const bool repeatable =
        move.kind == MoveKind::kUnlock || move.kind == MoveKind::kActivate || move.kind == MoveKind::kEnroll;
    if (!repeatable || result != Result::kOk) return;
    if (IsKeyOfMain(move.signer) && Find(after, static_cast<uint8_t>(move.signer - kFirstKey)) == nullptr) {
      return;  // the signer's version was replaced
    }
    State again = after;
    World world = RowsOf(after);
    const Result second = functions_.Apply(move, again, world);
    Pack(world, move.who, again);
    if (second != Result::kOk || !SameRows(again, after)) {
      report_("I5", "the same request again changes something more");
    }
  }

 private:
  void FirstGuess(const State& after) const {
    for (const VersionState& version : after.versions) {
      if (version.stage == kPendingStage && functions_.Left(after, version) == 0) {
        report_("I3b", "the owner's new version has no guess from the start");
      }
    }
  }

  void GuessCosts(const State& before, const Move& move, Result result, const VersionState& version,
                  bool erased, int lost) const {
    if (erased) {
      if (version.number != move.target || functions_.Left(before, version) != 0) {
        report_("I3a", "a guess erases a version that it is not at, or that had guesses left");
      }
      return;
    }
    // The chip may refuse what the ledger has counted; then the version goes, so that it happens once.
    const bool refused_by_chip = result == Result::kGone && Find(before, move.target)->in_chip != 0;
    const bool counts = result == Result::kAnswered || result == Result::kCounted || refused_by_chip;
    if (lost > (counts ? 1 : 0)) report_("I3a", "a guess costs more than one");
  }

  bool MayRegister(const State& state) const {
    if (state.enrolled[kPhone] == 0 || (state.row == 0 && state.names_full != 0)) return false;
    return !options_.mutants.Has(Mutant::kBeginWithRow) || (state.begun != 0 && state.begun_by == kOwner);
  }

  static bool IsPendingKey(const State& state, uint8_t signer) {
    if (signer == kKeyOfX) return state.x_stage == kPendingStage;
    const VersionState* version =
        IsKeyOfMain(signer) ? Find(state, static_cast<uint8_t>(signer - kFirstKey)) : nullptr;
    return version != nullptr && version->stage == kPendingStage;
  }
  static bool IsItsOwn(const Move& move) {
    if (move.kind == MoveKind::kActivateX) return true;
    const bool its = move.signer == kFirstKey + move.target;
    return its && (move.kind == MoveKind::kActivate || move.kind == MoveKind::kUnlock ||
                   move.kind == MoveKind::kWriteChip);
  }

  // What the owner does who knows his PIN.
  void Recovery(State state, uint8_t number) const {
    World world = RowsOf(state);
    const bool in_chip = Find(state, number)->in_chip != 0;
    const auto key = static_cast<uint8_t>(kFirstKey + number);
    const auto make = [&](MoveKind kind, uint8_t signer, uint8_t target) {
      const Result result = functions_.Apply({kind, kOwner, signer, target, 0}, state, world);
      Pack(world, kOwner, state);
      return result;
    };
    const auto is_full = [&] {
      const VersionState* version = Find(state, number);
      return version != nullptr && functions_.Left(state, *version) == version->limit;
    };
    if (make(MoveKind::kGuess, kNobody, number) != Result::kAnswered) {
      return report_("I6", "a version that shows guesses left refuses one");
    }
    if (make(MoveKind::kUnlock, key, number) != Result::kOk) return report_("I6", "unlocking is refused");
    if (in_chip && make(MoveKind::kWriteChip, key, number) != Result::kOk) {
      return report_("I6", "refilling the index is refused");
    }
    if (!is_full()) return report_("I6", "a success does not refill its version");
    if (make(MoveKind::kActivate, key, number) != Result::kOk) {
      return report_("I6", "activating is refused");
    }
    if (!is_full()) return report_("I6", "activated after a success, the version is not full");
    state.enrolled = {};
    if (world.account) world.account->devices.clear();
    if (make(MoveKind::kEnroll, key, kPhone) != Result::kOk || state.enrolled[kPhone] == 0) {
      report_("I6", "who recovered cannot enrol a device");
    }
  }

  const Options& options_;
  const Functions& functions_;
  const Report& report_;
};

}  // namespace

void JudgeState(const State& state, const Options& options, const Functions& functions,
                const Report& report) {
  const Judging judging(options, functions, report);
  if (options.mutants.empty()) judging.Rows(state);
  judging.Holdings(state);
  judging.Versions(state);
}

void JudgeStep(const State& before, const Move& move, Result result, const State& after,
               const Options& options, const Functions& functions, const Report& report) {
  const Judging judging(options, functions, report);
  judging.Counts(move, after);
  judging.Losses(before, move, result, after);
  judging.Authority(before, move, after);
  judging.Repeated(move, result, after);
}

}  // namespace labrec::recovery::explorer
