#include "hsm/base/p256.h"
#include "tests/vectors/conformance/scenes/scenes.h"

namespace labrec::conformance {
namespace {

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

// Evaluates by another key than it should.
std::function<MaybeReply(MaybeReply)> WrongEvaluation() {
  return Changed<wire::EvaluateResponse>([](wire::EvaluateResponse& response) {
    auto* evaluated = std::get_if<wire::Evaluated>(&response.outcome);
    if (evaluated == nullptr) return;
    const P256Point point = P256Point::ParseCompressed(evaluated->evaluated[0]).value();
    evaluated->evaluated[0] = ToBytes(point.Plus(P256Point::Generator())->Compressed());
  });
}

std::function<MaybeReply(MaybeReply)> NoPoint() {
  return Changed<wire::EvaluateResponse>([](wire::EvaluateResponse& response) {
    auto* evaluated = std::get_if<wire::Evaluated>(&response.outcome);
    if (evaluated != nullptr) evaluated->evaluated[0] = Bytes(33, 0x05);
  });
}

std::vector<Scene> Replies() {
  return {
      {"recover/right", "Survey, guess, search, unlock: each realm is asked once for each.",
       RecoverWith(Example::kPin), [](const auto& realms) { AllHold(realms, TheRecord()); }},
      {"recover/wrong-pin", "No share fits. Nothing is unlocked.", RecoverWith("000000"),
       [](const auto& realms) { AllHold(realms, TheRecord()); }},
      {"recover/lost-reply",
       "The reply to Evaluate is lost at oslo: the same bytes are sent again after a random pause.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[0]->Instead("Evaluate", 0, Refuse(kUnavailable, "the connection broke"));
       }},
      {"recover/lost-unlock",
       "The reply to Unlock is lost at oslo: it is signed anew, over a challenge of BeginUnlock.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[0]->Instead("Unlock", 0, Refuse(kUnavailable, "the connection broke"));
       }},
      {"recover/come-back-later",
       "RESOURCE_EXHAUSTED with retry-after-ms is repeated after that time, whatever the call.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         KitReply busy = Refuse(absl::StatusCode::kResourceExhausted, "busy");
         busy.retry_after_ms = 250;
         realms[1]->Instead("Evaluate", 0, busy);
       }},
      {"recover/silent", "Quito does not answer: it is not waited for longer than the grace.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[2]->Instead("GetRecord", 0, std::nullopt);
       }},
      {"recover/not-found-at-one",
       "Oslo says NOT_FOUND to the guess: one realm's word starts no second guess at the others.",
       RecoverWith("000000"),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[0]->Instead("Evaluate", 0, Refuse(absl::StatusCode::kNotFound, "no such version"));
       }},
      {"recover/not-found-at-all",
       "All say NOT_FOUND to the guess: another client activated a newer version, and no honest realm "
       "counted. One "
       "new survey.",
       RecoverWith(kOtherPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         for (HonestRealm* realm : realms) {
           // What it shows first is from before.
           const MaybeReply before = realm->Answer("GetRecord", {});
           realm->versions.clear();
           realm->Hold(Second(), kActive);
           realm->Instead("GetRecord", 1, before);
         }
       }},
  };
}

std::vector<Scene> States() {
  return {
      {"recover/remaining-0-and-right",
       "The last guess: `remaining` 0 comes with an evaluation, and the PIN is right. It is unlocked.",
       RecoverWith(Example::kPin), [](const auto& realms) { AllHold(realms, TheRecord(), kActive, 1); }},
      {"recover/remaining-0-and-wrong",
       "The last guess was wrong: one random element more at each realm that answered with 0, so that it "
       "erases its "
       "keys now.",
       RecoverWith("000000"), [](const auto& realms) { AllHold(realms, TheRecord(), kActive, 1); }},
      {"recover/none-left",
       "No guess is left at any realm, and the keys are still there: nothing is sent that would erase them.",
       RecoverWith(Example::kPin), [](const auto& realms) { AllHold(realms, TheRecord(), kActive, 0); }},
      {"recover/none-left-at-one",
       "No guess is left at porto: it is not asked, and unlocked with the others after a success.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[1]->Hold(TheRecord(), kActive, 0);
       }},
      {"recover/pending",
       "The version is pending at two realms, as another client ended early: the recovery activates it "
       "there.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord(), kPending);
         realms[0]->Hold(TheRecord(), kActive);
       }},
      {"recover/outdated", "Quito missed version 2 and holds version 1: it is left out.",
       RecoverWith(kOtherPin),
       [](const auto& realms) {
         for (const size_t i : {0, 1}) realms[i]->Hold(Second(), kActive);
         realms[2]->Hold(TheRecord(), kActive);
       }},
      {"recover/faulty",
       "Porto evaluates by another key: its share fits no polynomial. It is named, and unlocked all the "
       "same, as it "
       "counted the guess.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[1]->Always("Evaluate", WrongEvaluation());
       }},
      {"recover/no-point", "Porto answers with something that is no point.", RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[1]->Always("Evaluate", NoPoint());
       }},
  };
}

std::vector<Scene> Refusals() {
  return {
      {"recover/locked-at-one",
       "Oslo takes no guess now: two others are enough, and a success unlocks it too.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[0]->locked_until_ms = kKitNowMs + 60'000;
       }},
      {"recover/locked",
       "Two realms take no guess now: no guess is sent, and it is said when enough will take one.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[0]->locked_until_ms = kKitNowMs + 60'000;
         realms[1]->locked_until_ms = kKitNowMs + 90'000;
       }},
      {"recover/destroyed-at-one",
       "Oslo says that it has destroyed the record, and two others have it: one realm's word decides "
       "nothing.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[0]->Always("GetRecord", Changed<wire::GetRecordResponse>([](auto& response) {
                             response = {};
                             response.state = wire::RecordState::kDestroyed;
                           }));
       }},
      {"recover/not-registered", "No realm knows the record.", RecoverWith(Example::kPin),
       [](const auto&) {}},
      {"recover/forged-threshold",
       "Two realms show a newer version with T = 1, and oslo one with T = 3: the forged one is refused, as "
       "two realms "
       "are fewer than some realm asks for. No guess is sent.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         static const KitRecord honest = LaterRecord(2, Example::kPin, 3);
         static const KitRecord forged = LaterRecord(3, "forged", 1);
         realms[0]->Hold(honest, kActive);
         for (const size_t i : {1, 2}) realms[i]->Hold(forged, kActive);
       }},
      {"recover/unproven",
       "A proof is demanded and no realm gives one, each with another status: none is asked for anything "
       "else.",
       RecoverWith(Example::kPin, {{"demands_proof", true}}),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         const absl::StatusCode codes[] = {absl::StatusCode::kInternal, absl::StatusCode::kResourceExhausted,
                                           absl::StatusCode::kUnimplemented};
         for (size_t i = 0; i < realms.size(); ++i) {
           realms[i]->Instead("GetIdentity", 0, Refuse(codes[i], "not now"));
         }
       }},
  };
}

}  // namespace

std::vector<Scene> RecoverScenes() {
  std::vector<Scene> scenes = Replies();
  for (auto* more : {States, Refusals}) {
    for (Scene& scene : more()) scenes.push_back(std::move(scene));
  }
  return scenes;
}

}  // namespace labrec::conformance
