// Epoch floors: what realms keep of them, and what one of them may say instead.

#include "tests/vectors/conformance/floor.h"

#include "tests/vectors/conformance/scenes/scenes.h"

namespace labrec::conformance {
namespace {

Json Raise() {
  return Operation("raise-floor", {{"sequence", 7}, {"digest", Hex(Counting(7, 32))}});
}

void AllKeep(const HonestRealms& realms, uint64_t sequence) {
  for (size_t i = 0; i < realms.size(); ++i) realms[i]->floor = KitFloor(i, sequence, KitDevice());
}

std::vector<Scene> Raised() {
  return {
      {"floor/raise", "Signed by the device.", Raise(), [](const auto&) {}},
      {"floor/raise-lost-reply",
       "The reply is lost at oslo: it is signed again over a new challenge, and what is done already answers "
       "OK.",
       Raise(),
       [](const auto& realms) {
         realms[0]->Instead("RaiseFloor", 0, Refuse(absl::StatusCode::kUnavailable, "the connection broke"));
       }},
      {"floor/raise-refused",
       "Oslo says that it has a higher one. That is its claim: the others have taken it, and the reader "
       "judges by what they say.",
       Raise(),
       [](const auto& realms) {
         realms[0]->Instead("RaiseFloor", 0,
                            Refuse(absl::StatusCode::kFailedPrecondition, "the floor is higher"));
       }},
  };
}

std::vector<Scene> Read() {
  return {
      {"floor/read", "No realm has one.", Operation("read-floor"), [](const auto&) {}},
      {"floor/read-kept", "Quito has not heard of the newest yet: the highest comes first.",
       Operation("read-floor"),
       [](const auto& realms) {
         AllKeep(realms, 7);
         realms[2]->floor = KitFloor(2, 6, KitDevice());
       }},
      {"floor/read-by-a-stranger",
       "Oslo's is signed by a key that nobody enrolled, and rightly: it is handed on with that key. Whether "
       "it is a member is for the reader to judge; a number proves nothing.",
       Operation("read-floor"),
       [](const auto& realms) {
         AllKeep(realms, 7);
         realms[0]->floor = KitFloor(0, uint64_t{1} << 40U, KitStranger());
       }},
      {"floor/read-wrongly-signed",
       "Oslo's signature is over another number, porto's is of another realm, quito's device id is not its "
       "key's: all are faulty, and none is handed on.",
       Operation("read-floor"),
       [](const auto& realms) {
         AllKeep(realms, 7);
         realms[0]->floor->sequence = 8;
         realms[1]->floor = KitFloor(0, 7, KitDevice());
         realms[2]->floor->device_id[0] ^= 1;
       }},
      {"recover/with-floors",
       "Unlock brings the floors. Oslo's is wrongly signed: it is faulty, and the secret is none the worse.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         AllKeep(realms, 7);
         realms[0]->floor->digest[0] ^= 1;
       }},
  };
}

}  // namespace

std::vector<Scene> FloorScenes() {
  std::vector<Scene> scenes = Raised();
  for (Scene& scene : Read()) scenes.push_back(std::move(scene));
  return scenes;
}

}  // namespace labrec::conformance
