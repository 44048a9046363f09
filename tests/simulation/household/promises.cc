#include "tests/simulation/household/promises.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

namespace labrec::sim {
namespace {

bool MayHaveHappened(const Belief::Told& told, Request::Kind kind, Answer::Kind success) {
  return told.request.kind == kind &&
         (told.answer.kind == success || told.answer.kind == Answer::Kind::kUnknown);
}

bool IsSuccess(const Belief::Told& told) {
  return MayHaveHappened(told, Request::Kind::kUnlock, Answer::Kind::kUnlocked);
}

bool IsThere(const KnownAccount& state, const Request& request) {
  const KnownVersion* version = state.records[request.record].Find(request.version);
  return version != nullptr && version->serial == request.serial && version->begun == request.begun;
}

}  // namespace

void Promises::Register(uint32_t serial, bool thiefs, uint32_t limit) {
  registered_.insert({serial, {thiefs, limit, {}}});
}

void Promises::NoteSuccesses(const std::vector<Belief::Told>& told) {
  for (const Belief::Told& each : told) {
    if (!IsSuccess(each)) continue;
    registered_.at(each.request.serial).answered.clear();
    if (IsOwners(each.request.serial)) records_[each.request.record] = {};
  }
}

// A version that may not have been there is another one, with guesses of its own. And the owner registers
// while nothing of his may be left to guess at.
void Promises::NoteFreshStarts(const std::vector<Belief::Told>& told, const Belief::States& before) {
  for (const Belief::Told& each : told) {
    if (!MayHaveHappened(each, Request::Kind::kFinish, Answer::Kind::kDone)) continue;
    const bool repeated =
        std::ranges::all_of(before, [&](const KnownAccount& state) { return IsThere(state, each.request); });
    if (repeated && told.size() == 1) continue;
    registered_.at(each.request.serial).answered.clear();
    if (each.request.thiefs) continue;
    const bool nothing_left = std::ranges::any_of(before, [&](const KnownAccount& state) {
      return std::ranges::none_of(
          state.records[each.request.record].versions,
          [&](const KnownVersion& version) { return IsOwners(version.serial) && version.left() > 0; });
    });
    if (nothing_left || told.size() > 1) records_[each.request.record] = {};
  }
}

void Promises::NoteLimits(const Belief::States& states) {
  for (const KnownAccount& state : states) {
    for (size_t record = 0; record < records_.size(); ++record) {
      uint32_t& greatest = records_[record].greatest_limit;
      for (const KnownVersion& version : state.records[record].versions) {
        if (IsOwners(version.serial)) greatest = std::max(greatest, version.limit);
      }
    }
  }
}

std::vector<std::string> Promises::NoteGuess(const Request& request, const Belief& after) {
  const std::optional<Belief::Registered> known = after.RegisteredAs(request.record, request.version);
  if (!known) return {};
  Registered& version = registered_.at(known->serial);
  if (!version.answered.insert(request.element).second) return {};
  std::vector<std::string> broken;
  if (version.answered.size() > version.limit + given_back_) {
    broken.push_back(absl::StrCat("version #", known->serial, " evaluated ", version.answered.size(),
                                  " different elements since its last success, at limit ", version.limit));
  }
  if (!request.thiefs || version.thiefs) return broken;
  OfRecord& record = records_[request.record];
  if (++record.thiefs_guesses > record.greatest_limit + given_back_) {
    broken.push_back(absl::StrCat("the thief had ", record.thiefs_guesses,
                                  " guesses since the owner's last success, at greatest limit ",
                                  record.greatest_limit));
  }
  return broken;
}

std::vector<std::string> Promises::Note(const std::vector<Belief::Told>& told, const Belief::States& before,
                                        const Belief& after) {
  NoteLimits(before);
  NoteSuccesses(told);
  NoteFreshStarts(told, before);
  NoteLimits(after.states());
  // Beside a success, or a new version, nobody knows to which side of it a guess belongs.
  const bool unclear = std::ranges::any_of(told, [&](const Belief::Told& each) {
    return IsSuccess(each) || (told.size() > 1 && each.request.kind == Request::Kind::kFinish);
  });
  std::vector<std::string> broken;
  for (const Belief::Told& each : told) {
    if (unclear || each.answer.kind != Answer::Kind::kEvaluated) continue;
    std::ranges::move(NoteGuess(each.request, after), std::back_inserter(broken));
  }
  return broken;
}

}  // namespace labrec::sim
