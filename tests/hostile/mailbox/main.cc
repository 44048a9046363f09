// Runs seeds of a mailbox whose store lies, and some of whose realms do: README.md says what must hold.

#include <cstdint>
#include <mutex>
#include <span>

#include "tests/hostile/lie_dice.h"
#include "tests/hostile/mailbox/story.h"
#include "tests/hostile/seeds.h"
#include "tests/support/process/openssl_random.h"

namespace labrec::hostile {
namespace {

// What a story's keys, nonces and signatures are made of.
class Entropy {
 public:
  void Restart(uint64_t seed) {
    const std::lock_guard lock(mutex_);
    dice_ = DiceFor(seed, "entropy");
  }
  void Fill(std::span<uint8_t> out) {
    const std::lock_guard lock(mutex_);
    dice_.Fill(out);
  }

 private:
  std::mutex mutex_;
  sim::Dice dice_{0};
};

}  // namespace
}  // namespace labrec::hostile

int main(int argc, char** argv) {
  using namespace labrec::hostile;
  static Entropy entropy;
  labrec::test::TakeOverOpensslRandom([](std::span<uint8_t> out) { entropy.Fill(out); });
  Stories stories;
  stories.run = [](uint64_t seed, const Omitted& less) {
    entropy.Restart(seed);
    return RunMailStory(MailPlanOf(seed), less);
  };
  stories.moves = [](uint64_t seed) { return MailPlanOf(seed).moves.size(); };
  stories.describe = [](uint64_t seed) { return Describe(MailPlanOf(seed)); };
  return RunSeeds(argc, argv, stories);
}
