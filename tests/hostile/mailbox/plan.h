#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace labrec::hostile {

// What the owner does at his mailbox, or the thief.
enum class MailAct {
  kSync,
  kSend,
  kRevokeThief,  // with the members that the owner saw just before
  kRotate,
  kRestore,     // a new device, by the recovery code
  kSecondSelf,  // the thief lets another device of his in
};
const char* NameOf(MailAct act);

struct MailMove {
  MailAct act = MailAct::kSync;
  bool by_laptop = false;            // else by the phone
  bool store_lies = false;           // during this move
  bool realms_lie = false;           // those of the plan
  std::set<size_t> away;             // realms that tell no lies and do not answer
  std::set<size_t> gone_for_raises;  // those that answer what the floor is, and then do not raise it
};

// A mailbox of a phone, a laptop and a stolen device, a store, and the realms that keep its floor.
struct MailPlan {
  uint64_t seed = 0;
  size_t realms = 3;
  uint32_t threshold = 2;
  std::set<size_t> liars;
  uint32_t per_mille = 0;  // of the store's answers are lies, where it lies
  bool store_lies = false;
  std::vector<MailMove> moves;
};
MailPlan MailPlanOf(uint64_t seed);
std::string Describe(const MailPlan& plan);

}  // namespace labrec::hostile
