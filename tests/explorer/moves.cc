#include "tests/explorer/moves.h"

namespace labrec::recovery::explorer {
namespace {

class Listing {
 public:
  Listing(const State& state, const Options& options) : state_(state), options_(options) {}

  std::vector<Move> All() {
    FindSigners();
    for (const VersionState& version : state_.versions) {
      if (version.usable()) OfVersion(version);
    }
    Register();
    if (options_.chip) Chip();
    if (!options_.devices_stay) Devices();
    Deletions();
    if (options_.delays) Add(MoveKind::kPause, kThief);
    if (options_.backups()) Backups();
    if (options_.edited) Strangers();
    if (options_.owner_idle) std::erase_if(moves_, [](const Move& move) { return move.who == kOwner; });
    return std::move(moves_);
  }

 private:
  bool Has(Mutant mutant) const { return options_.mutants.Has(mutant); }
  void Add(MoveKind kind, Party who, uint8_t signer = kNobody, uint8_t target = 0, uint8_t known = 0) {
    moves_.push_back({kind, who, signer, target, known});
  }

  void FindSigners() {
    if (state_.enrolled[kPhone] != 0) owner_.push_back(kFirstDevice + kPhone);
    if (state_.enrolled[kStolen] != 0) thief_.push_back(kFirstDevice + kStolen);
    if (state_.enrolled[kOther] != 0) thief_.push_back(kFirstDevice + kOther);
    for (const VersionState& version : state_.versions) {
      if (!version.usable()) continue;
      const auto key = static_cast<uint8_t>(kFirstKey + version.number);
      if (version.maker == kOwner && version.proven != 0) owner_.push_back(key);
      if (HoldsKey(version, kThief)) thief_.push_back(key);
    }
  }

  void OfVersion(const VersionState& version) {
    const uint8_t number = version.number;
    const auto key = static_cast<uint8_t>(kFirstKey + number);
    Guesses(version, kThief);
    if (version.maker == kOwner) Guesses(version, kOwner);
    const bool proven = version.maker == kOwner && version.proven != 0;
    if (proven) Add(MoveKind::kUnlock, kOwner, key, number);
    if (HoldsKey(version, kThief)) Add(MoveKind::kUnlock, kThief, key, number);
    if (version.in_chip != 0 && proven) Add(MoveKind::kWriteChip, kOwner, key, number);
    if (version.in_chip != 0 && HoldsKey(version, kThief)) Add(MoveKind::kWriteChip, kThief, key, number);
    if (version.maker == kOwner) {
      Add(MoveKind::kActivate, kOwner, key, number);  // who registers holds the key for a while
      for (const uint8_t signer : owner_) {
        if (signer != key) Add(MoveKind::kActivate, kOwner, signer, number);
      }
    }
    for (const uint8_t signer : thief_) Add(MoveKind::kActivate, kThief, signer, number);
  }

  void Guesses(const VersionState& version, Party who) {
    Add(MoveKind::kGuess, who, kNobody, version.number);
    if (version.in_chip == 0) return;
    Add(MoveKind::kLostGuess, who, kNobody, version.number);
    if (version.counted > version.answers) Add(MoveKind::kRepeat, who, kNobody, version.number);
  }

  bool MayRegister() const {
    return !options_.backups() || state_.registrations < options_.most_registrations;
  }

  void Register() {
    if (Has(Mutant::kBeginWithRow)) {
      Add(MoveKind::kBegin, kOwner);
      Add(MoveKind::kBegin, kThief);
    }
    for (uint8_t limit = options_.least_limit; MayRegister() && limit <= options_.most_limit; ++limit) {
      for (const uint8_t signer : owner_) {
        Add(MoveKind::kFinish, kOwner, signer, limit);
        const bool first = !state_.versions[0].usable();
        if (options_.known_pin && first) Add(MoveKind::kFinish, kOwner, signer, limit, 1);
      }
      for (const uint8_t signer : thief_) Add(MoveKind::kFinish, kThief, signer, limit);
    }
  }

  void Chip() {
    for (uint8_t limit = options_.least_limit; MayRegister() && limit <= options_.most_limit; ++limit) {
      for (const uint8_t signer : owner_) Add(MoveKind::kBeginChip, kOwner, signer, limit);
      for (const uint8_t signer : thief_) Add(MoveKind::kBeginChip, kThief, signer, limit);
    }
    for (const VersionState& version : state_.versions) {
      if (version.stage != kBegunStage) continue;  // its maker alone can have the index written
      for (const uint8_t signer : version.maker == kOwner ? owner_ : thief_) {
        Add(MoveKind::kFinishChip, static_cast<Party>(version.maker), signer, version.number);
      }
    }
  }

  // A signer of the thief's that is good for the account: record x's key too.
  std::vector<uint8_t> ThiefForAccount() const {
    std::vector<uint8_t> signers = thief_;
    if (state_.x_stage != kNoStage) signers.push_back(kKeyOfX);
    return signers;
  }

  void Devices() {
    for (const uint8_t signer : owner_) {
      Add(MoveKind::kRevoke, kOwner, signer, kStolen);
      Add(MoveKind::kRevoke, kOwner, signer, kOther);
      if (signer != kFirstDevice + kPhone) Add(MoveKind::kEnroll, kOwner, signer, kPhone);
      if (IsDevice(signer) && state_.x_stage != kNoStage) Add(MoveKind::kDeleteX, kOwner, signer);
    }
    for (const uint8_t signer : ThiefForAccount()) {
      Add(MoveKind::kRevoke, kThief, signer, kPhone);
      Add(MoveKind::kEnroll, kThief, signer, kOther);
      if (IsDevice(signer) && state_.x_stage != kActiveStage) Add(MoveKind::kFinishX, kThief, signer);
    }
    if (state_.x_stage != kPendingStage) return;
    Add(MoveKind::kRekeyX, kThief, kKeyOfX);
    Add(MoveKind::kActivateX, kThief, kKeyOfX);
  }

  void Deletions() {
    if (Has(Mutant::kBeginWithRow) && !options_.backups()) Add(MoveKind::kFillNames, kThief);
    if (state_.row == 0 || (options_.backups() && !options_.deletion)) return;
    for (const uint8_t signer : owner_) Add(MoveKind::kDelete, kOwner, signer);
    for (const uint8_t signer : thief_) Add(MoveKind::kDelete, kThief, signer);
  }

  // Whoever has no signature: the owner asks the operator, and the thief has a token.
  void Strangers() {
    if (state_.enrolled == decltype(state_.enrolled){}) Add(MoveKind::kAdmit, kOwner, kNobody, kPhone);
    if (state_.enrolled[kOther] == 0) Add(MoveKind::kEnroll, kThief, kNobody, kOther);
  }

  void Backups() {
    if (state_.accepts >= options_.accepts) return;
    Add(MoveKind::kBackUp, kOwner);
    if (state_.backed_up == 0) return;
    Add(MoveKind::kAccept, kOwner);
    if (!options_.edited) return;
    Add(MoveKind::kAcceptWithoutRecord, kOwner);
    Add(MoveKind::kAcceptWithoutAccount, kOwner);
  }

  const State& state_;
  const Options& options_;
  std::vector<Move> moves_;
  std::vector<uint8_t> owner_;  // signers that each has
  std::vector<uint8_t> thief_;
};

}  // namespace

std::vector<Move> MovesIn(const State& state, const Options& options) {
  return Listing(state, options).All();
}

}  // namespace labrec::recovery::explorer
