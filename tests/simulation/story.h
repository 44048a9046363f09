#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulation/account.h"
#include "tests/simulation/client.h"
#include "tests/simulation/household/household.h"
#include "tests/simulation/plan.h"

namespace labrec::sim {

// A seed from beginning to end: a realm is made and its accounts registered in peace; then it lives several
// times, with faults, crashes and attacks, each time taken up where the last one ended; then, in peace again,
// every guess in doubt is sent once more, and the counts must be exact.
class Story {
 public:
  Story(Universe& universe, const Plan& plan);
  void Tell();

 private:
  // Storage as an attacker kept it.
  struct Kept {
    Image image;
    uint64_t epoch = 0;  // of the device, when it was kept; the image's is that or the next
    std::vector<Belief::States> households = {};  // as they may be in it; kept between runs only
  };

  void Begin();
  void Live();
  void End();

  std::unique_ptr<Realm> NewRealm(const std::filesystem::path& folder, bool with_faults);
  // Starts it and judges how that went. True if it serves.
  bool Start(Realm& realm);
  void Retire(std::unique_ptr<Realm> realm);
  void CheckFailedSync(Realm& realm);
  void RunClients(Realm& realm, Realm* copy);
  void SettleAll(Realm& realm);

  void Keep(const std::filesystem::path& folder);
  void Watch(Realm& realm, Dice dice);
  void AcceptCopy();
  bool SetBack();
  void Replay();
  void PlayRefused();
  std::optional<Image> Completed(const Image& left, const recovery::StoreBatch& refused);
  Image PlayRun(const Image& shown, int64_t counts, const std::function<void(Realm&)>& meanwhile);
  const Image& MostlyFirst(const std::vector<const Image*>& images);
  void TakeUpTheLatest();
  void AskAgain(Realm& realm);
  void RiskSomething(Realm& realm);
  void WorkOnCopy(Realm& copy, Dice dice);
  void ChooseBetweenCopies();

  std::filesystem::path Folder(const char* name) const { return universe_.disk().folder() / name; }

  Universe& universe_;
  const Plan& plan_;
  Dice dice_;
  Chip chip_;
  std::vector<std::unique_ptr<Account>> owned_;
  std::vector<std::unique_ptr<Account>> hammered_;
  std::vector<std::unique_ptr<Account>> newcomers_;
  std::vector<Account*> all_;
  std::vector<std::unique_ptr<Household>> households_;
  std::vector<Kept> kept_;
  std::vector<Image> left_behind_;  // by runs that were not refused, the latest last
  std::filesystem::path home_;      // the folder that the next run takes up
  std::filesystem::path other_;     // a copy that a second process worked on; empty if there is none
  bool copy_serves_ = false;        // the second process does
  bool may_be_refused_ = false;     // an attacker has set storage back
  bool spoilt_ = false;             // a token's ratchet was spoilt by two processes: only an operator goes on
};

}  // namespace labrec::sim
