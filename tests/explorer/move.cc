#include "tests/explorer/move.h"

#include <array>

namespace labrec::recovery::explorer {
namespace {

constexpr std::array<const char*, kDevices> kDeviceNames = {"the phone", "the stolen device",
                                                            "the thief's own device"};

std::string Name(Party party) {
  return party == kOwner ? "owner" : "thief";
}

std::string Version(const State& state, uint8_t number) {
  const VersionState* version = Find(state, number);
  if (version == nullptr) return "version " + std::to_string(number);
  static constexpr std::array<const char*, 4> kStages = {"no", "begun", "pending", "active"};
  return std::string("the ") + kStages.at(version->stage) + " version of the " +
         Name(static_cast<Party>(version->maker));
}

std::string SignerName(const State& state, uint8_t signer) {
  if (signer == kNobody) return "token only";
  if (signer == kKeyOfX) return "key of record x";
  if (IsDevice(signer)) return kDeviceNames.at(signer - kFirstDevice);
  return "key of " + Version(state, signer - kFirstKey);
}

std::string What(const State& state, const Move& move) {
  const std::string limit = ", limit " + std::to_string(move.target);
  switch (move.kind) {
    case MoveKind::kGuess:
      return "evaluates a new element at " + Version(state, move.target);
    case MoveKind::kLostGuess:
      return "evaluates at " + Version(state, move.target) + ", and the chip is not asked";
    case MoveKind::kRepeat:
      return "repeats an unanswered element at " + Version(state, move.target);
    case MoveKind::kUnlock:
      return "unlocks " + Version(state, move.target);
    case MoveKind::kBegin:
      return "begins a version";
    case MoveKind::kFinish:
      return "finishes a version" + limit + (move.known != 0 ? ", its PIN known to the thief" : "");
    case MoveKind::kBeginChip:
      return "begins a version in the chip" + limit;
    case MoveKind::kFinishChip:
      return "finishes the version in the chip";
    case MoveKind::kWriteChip:
      return "refills the index of " + Version(state, move.target);
    case MoveKind::kActivate:
      return "activates " + Version(state, move.target);
    case MoveKind::kRevoke:
      return std::string("revokes ") + kDeviceNames.at(move.target);
    case MoveKind::kEnroll:
      return std::string("enrols ") + kDeviceNames.at(move.target);
    case MoveKind::kDelete:
      return "deletes the record";
    case MoveKind::kFinishX:
      return "finishes a version of record x";
    case MoveKind::kRekeyX:
      return "finishes the next version of record x";
    case MoveKind::kActivateX:
      return "activates record x";
    case MoveKind::kDeleteX:
      return "deletes record x";
    case MoveKind::kFillNames:
      return "begins versions of 16 other records";
    case MoveKind::kPause:
      return "waits until the delay has passed";
    case MoveKind::kBackUp:
      return "(operator) makes a backup";
    case MoveKind::kAccept:
      return "(operator) restores the backup and accepts it";
    case MoveKind::kAcceptWithoutRecord:
      return "(operator) restores a backup in which the record was edited, and accepts it";
    case MoveKind::kAcceptWithoutAccount:
      return "(operator) restores a backup in which the account was edited, and accepts it";
    case MoveKind::kAdmit:
      return std::string("(operator) enrols ") + kDeviceNames.at(move.target);
  }
  return "?";
}

}  // namespace

std::string Text(const State& before, const Move& move) {
  return Name(move.who) + " " + What(before, move) + " [" + SignerName(before, move.signer) + "]";
}

}  // namespace labrec::recovery::explorer
