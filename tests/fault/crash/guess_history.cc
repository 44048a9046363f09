#include "tests/fault/crash/guess_history.h"

namespace labrec::test {

void GuessHistory::Sent(const std::string& element) {
  const std::lock_guard lock(mutex_);
  if (answered_.contains(element)) return;
  open_.insert(element);
  if (destroyed_) too_late_.insert(element);
}

void GuessHistory::Answered(const std::string& element, const std::string& evaluated, uint32_t remaining) {
  const std::lock_guard lock(mutex_);
  open_.erase(element);
  Expect(answered_.emplace(element, evaluated).first->second == evaluated, "an element got two evaluations");
  Expect(answered_.size() <= limit_, "more different elements were evaluated than the limit allows");
  // Of concurrent guesses the later answer may come first, so only the bounds hold here.
  Expect(remaining < limit_, "a counted guess left the whole budget");
  Expect(!too_late_.contains(element), "a record answered a new element after it said that it is destroyed");
}

void GuessHistory::Refused(const std::string& element) {
  const std::lock_guard lock(mutex_);
  open_.erase(element);
}

void GuessHistory::SaidDestroyed() {
  const std::lock_guard lock(mutex_);
  destroyed_ = true;
  Expect(answered_.size() + open_.size() + refill_waits_ >= limit_,
         "the record was destroyed before its guesses were spent");
}

void GuessHistory::Unlocked() {
  const std::lock_guard lock(mutex_);
  answered_.clear();
  open_.clear();
  refill_waits_ = 1;
  unlock_lost_ = unlock_may_come_ = false;
}

void GuessHistory::UnlockLost(bool may_come_later) {
  const std::lock_guard lock(mutex_);
  unlock_lost_ = true;
  unlock_may_come_ = may_come_later;
}

void GuessHistory::SaidRemaining(uint32_t remaining) {
  const std::lock_guard lock(mutex_);
  // Open guesses stay open: a batch that a failed process left behind may count them at the next start.
  if (unlock_lost_ && remaining == limit_) {
    answered_.clear();
    refill_waits_ = 1;
  }
  unlock_lost_ = unlock_may_come_;
  const size_t spent = limit_ - remaining;
  Expect(remaining <= limit_ && spent >= answered_.size(),
         "a guess was gained: " + std::to_string(answered_.size()) + " were answered, but only " +
             std::to_string(spent) + " count as spent");
  const size_t most = answered_.size() + open_.size() + refill_waits_;
  Expect(remaining > limit_ || spent <= most, "a guess was lost: " + std::to_string(spent) +
                                                  " count as spent, but only " + std::to_string(most) +
                                                  " were sent, or came back with a refill that a crash lost");
}

std::vector<std::string> GuessHistory::Open() const {
  const std::lock_guard lock(mutex_);
  return {open_.begin(), open_.end()};
}

size_t GuessHistory::answered() const {
  const std::lock_guard lock(mutex_);
  return answered_.size();
}

bool GuessHistory::destroyed() const {
  const std::lock_guard lock(mutex_);
  return destroyed_;
}

std::vector<std::string> GuessHistory::Violations() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}

void GuessHistory::Expect(bool fits, const std::string& what) {
  if (!fits) violations_.push_back(what);
}

}  // namespace labrec::test
