#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace labrec::test {

// What the clients of one record know of its guesses, and whether what the realm says fits. Elements are
// named by their bytes. Any thread.
//
// A guess is *answered* if a client holds its evaluation, and *open* if it was sent and no answer came: the
// realm may have counted it. No crash may bring the sum of what the realm says is left and what was answered
// above the limit.
class GuessHistory {
 public:
  explicit GuessHistory(uint32_t limit) : limit_(limit) {}

  void Sent(const std::string& element);
  // The same element must get the same evaluation every time.
  void Answered(const std::string& element, const std::string& evaluated, uint32_t remaining);
  // The realm said that nothing was decided (an error before counting), so the guess is not open.
  void Refused(const std::string& element);
  // Guesses that are open by then may have been counted, the one that got this answer included: it may have
  // been sent before.
  void SaidDestroyed();
  // A success: all is forgotten. Its refill may wait in the realm's memory, and a crash may lose it: then one
  // guess more counts than were sent since.
  void Unlocked();
  // An unlock whose answer did not come: it counts as one if the realm then says that all guesses are left.
  // `may_come_later`: an attacker can bring the state with it back until a later batch is answered.
  void UnlockLost(bool may_come_later = false);

  // What a realm at rest says. Settles a lost unlock.
  void SaidRemaining(uint32_t remaining);

  std::vector<std::string> Open() const;
  size_t answered() const;
  bool destroyed() const;
  // Everything that did not fit, in words; empty if all is well.
  std::vector<std::string> Violations() const;

 private:
  void Expect(bool fits, const std::string& what);

  mutable std::mutex mutex_;
  uint32_t limit_;
  std::map<std::string, std::string> answered_;  // element -> evaluation
  std::set<std::string> open_;
  std::set<std::string> too_late_;  // new elements sent after somebody had heard of the end
  size_t refill_waits_ = 0;         // 1: perhaps
  bool unlock_lost_ = false;
  bool unlock_may_come_ = false;
  bool destroyed_ = false;
  std::vector<std::string> violations_;
};

}  // namespace labrec::test
