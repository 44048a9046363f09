// Runs seeds of a mailbox whose store lies, and some of whose realms do: README.md says what must hold.

#include "tests/hostile/mailbox/story.h"
#include "tests/hostile/seeds.h"

int main(int argc, char** argv) {
  using namespace labrec::hostile;
  Stories stories;
  stories.run = [](uint64_t seed, const Omitted& less) { return RunMailStory(MailPlanOf(seed), less); };
  stories.moves = [](uint64_t seed) { return MailPlanOf(seed).moves.size(); };
  stories.describe = [](uint64_t seed) { return Describe(MailPlanOf(seed)); };
  return RunSeeds(argc, argv, stories);
}
