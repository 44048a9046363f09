#include "tests/vectors/conformance/scenes/scenes.h"

namespace labrec::conformance {
namespace {

const KitRecord& Counted() {
  static const KitRecord record = ChipRecord(kOtherPin);
  return record;
}

// Every realm's chip counts, and has let 10 guesses be made since the registration.
void AllCount(const HonestRealms& realms) {
  for (size_t i = 0; i < realms.size(); ++i) {
    realms[i]->Hold(Counted(), kActive);
    realms[i]->chip.emplace(i, Counted());
  }
}

auto OtherContents(size_t cut) {
  return Changed<wire::FinishChipWriteResponse>(
      [cut](wire::FinishChipWriteResponse& response) { response.contents[cut] ^= 1U; });
}

std::vector<Scene> Refills() {
  return {
      {"chip/refill",
       "Each chip certifies what it counted, which is this recovery's evaluation; the limit is raised to the "
       "count and the guess limit, and believed by another statement. Unlock alone gives nothing back.",
       RecoverWith(kOtherPin), AllCount},
      {"chip/wrong-pin", "Nothing is signed for a chip where the PIN was wrong.", RecoverWith("000000"),
       AllCount},
      {"chip/refill-lost-reply",
       "The reply to the write is lost at oslo: the same signature is sent again, for the same session. None "
       "is made for another one.",
       RecoverWith(kOtherPin),
       [](const auto& realms) {
         AllCount(realms);
         realms[0]->Instead("FinishChipWrite", 0,
                            Refuse(absl::StatusCode::kUnavailable, "the connection broke"));
       }},
      {"chip/refill-refused",
       "Porto does not begin a write: what was spent stays spent there until the next recovery, and nothing "
       "is signed.",
       RecoverWith(kOtherPin),
       [](const auto& realms) {
         AllCount(realms);
         realms[1]->Instead("BeginChipWrite", 0, Refuse(absl::StatusCode::kResourceExhausted, "no session"));
         realms[1]->Instead("BeginChipWrite", 1, Refuse(absl::StatusCode::kInternal, "no session"));
       }},
  };
}

std::vector<Scene> Uses() {
  const auto more_at_oslo = [](const auto& realms) {
    AllCount(realms);
    realms[0]->chip->held.count += 2;
    realms[0]->Hold(Counted(), kActive, 8);
  };
  return {
      {"chip/unexplained",
       "Oslo's chip certifies two uses more than this recovery's, and no other realm counted them: nothing "
       "is signed there, and it is said.",
       RecoverWith(kOtherPin), more_at_oslo},
      {"chip/own-tries", "The same, and the person says that two tries were his own: all are explained.",
       RecoverWith(kOtherPin, {{"own_tries", 2}}), more_at_oslo},
      {"chip/explained-by-others",
       "A wrong PIN before reached all realms: two that say so explain it at each of them.",
       RecoverWith(kOtherPin),
       [](const auto& realms) {
         AllCount(realms);
         for (HonestRealm* realm : realms) {
           realm->chip->held.count += 1;
           realm->Hold(Counted(), kActive, 9);
         }
       }},
  };
}

std::vector<Scene> Unproven() {
  return {
      {"chip/unproven-stale",
       "Oslo's statement is of another exchange: the realm is faulty, and nothing is signed there. The "
       "secret "
       "came back all the same.",
       RecoverWith(kOtherPin),
       [](const auto& realms) {
         AllCount(realms);
         realms[0]->chip->replays = true;
       }},
      {"chip/unproven-key",
       "Oslo shows another attestation key than the config names: the realm is faulty, and no write is "
       "begun.",
       RecoverWith(kOtherPin),
       [](const auto& realms) {
         AllCount(realms);
         realms[0]->chip->attestation_key = KitAttestationKey(7);
       }},
      {"chip/unproven-write",
       "Oslo's statement after the write is not what its chip signed: the write is not believed, and the "
       "realm "
       "is faulty.",
       RecoverWith(kOtherPin),
       [](const auto& realms) {
         AllCount(realms);
         realms[0]->Always("FinishChipWrite", OtherContents(60));
       }},
      {"chip/delete",
       "Deleted by the PIN: a limit of 0 is signed and proven at each realm before its record is deleted.",
       Operation("delete", {{"pin", PinHex(kOtherPin)}}), AllCount},
      {"chip/delete-unproven",
       "Oslo does not prove that no guess is left: it says that it deleted the record, and `remaining` is "
       "not "
       "said of it.",
       Operation("delete", {{"pin", PinHex(kOtherPin)}}),
       [](const auto& realms) {
         AllCount(realms);
         realms[0]->Always("FinishChipWrite", OtherContents(60));
       }},
  };
}

}  // namespace

std::vector<Scene> ChipScenes() {
  std::vector<Scene> scenes = Refills();
  for (auto* more : {Uses, Unproven}) {
    for (Scene& scene : more()) scenes.push_back(std::move(scene));
  }
  return scenes;
}

}  // namespace labrec::conformance
