#include "tests/vectors/conformance/scenes/scenes.h"

namespace labrec::conformance {

std::vector<Scene> SealScenes() {
  const Json seal = SealWith(kOtherPin);
  return {
      {"seal/first", "The first version: begin with two elements, finish, activate. All signed bodies of it.",
       seal, [](const auto&) {}},
      {"seal/lost-finish",
       "The reply to FinishRegistration is lost at oslo: a new challenge, a new signature, the same "
       "registration.",
       seal,
       [](const auto& realms) {
         realms[0]->Instead("FinishRegistration", 0,
                            Refuse(absl::StatusCode::kUnavailable, "the connection broke"));
       }},
      {"seal/another-was-first",
       "Another client registered meanwhile: begin again, with what the realms say now.", seal,
       [](const auto& realms) {
         for (HonestRealm* realm : realms) {
           realm->Instead("FinishRegistration", 0,
                          Refuse(absl::StatusCode::kFailedPrecondition, "not the newest version"));
         }
       }},
      {"seal/two-answers-differ",
       "Quito answers the two elements by two keys: it is faulty, and as every realm is to hold it, nothing "
       "is sealed.",
       seal,
       [](const auto& realms) {
         realms[2]->Always("BeginRegistration", Changed<wire::BeginRegistrationResponse>([](auto& response) {
                             std::swap(response.evaluated[0], response.evaluated[1]);
                           }));
       }},
      {"seal/version-claimed-high",
       "Porto says that version 4,294,967,294 was registered: it is faulty and left out, and the number "
       "follows the "
       "others.",
       seal,
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[1]->highest_version = 0xFFFFFFFE;
       }},
      {"seal/another-protocol", "Oslo speaks another version of the protocol: it is not registered with.",
       seal,
       [](const auto& realms) {
         realms[0]->Always("GetRealm", Changed<wire::GetRealmResponse>(
                                           [](auto& response) { response.protocol_version = 2; }));
       }},
      {"seal/another-realm", "At quito's address answers another realm: it is not registered with.", seal,
       [](const auto& realms) {
         realms[2]->Always("GetRealm", Changed<wire::GetRealmResponse>(
                                           [](auto& response) { response.realm_id = Bytes(16, 0x99); }));
       }},
  };
}

std::vector<Scene> OtherScenes() {
  return {
      {"heal/lost-the-record",
       "Porto lost the record: it is sealed anew at all realms, signed by the unlock key where the old "
       "version is "
       "and by the device where it is not.",
       Operation("heal", {{"pin", PinHex(kOtherPin)}}),
       [](const auto& realms) {
         for (const size_t i : {0, 2}) realms[i]->Hold(Second(), kActive);
       }},
      {"heal/whole", "Nothing is amiss: nothing is sealed.", Operation("heal", {{"pin", PinHex(kOtherPin)}}),
       [](const auto& realms) { AllHold(realms, Second()); }},
      {"delete/lost-reply",
       "The reply is lost at oslo: NOT_FOUND to the repeated call means that it is done.",
       Operation("delete"),
       [](const auto& realms) {
         realms[0]->Instead("DeleteRecord", 0,
                            Refuse(absl::StatusCode::kUnavailable, "the connection broke"));
         realms[0]->Instead("DeleteRecord", 1, Refuse(absl::StatusCode::kNotFound, "no such record"));
       }},
      {"devices/enroll",
       "The account's first device: its own signature proves that the key is there.",
       {{"kind", "enroll"}, {"name", "phone"}},
       [](const auto&) {}},
      {"devices/revoke",
       "Signed by the device itself.",
       {{"kind", "revoke"}, {"device_id", Hex(Counting(0x10, 16))}},
       [](const auto&) {}},
      {"tokens/refused",
       "Oslo refuses the token: another one is asked for once, and the same is not sent again.",
       Operation("status"),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         realms[0]->Instead("GetRecord", 0, Refuse(absl::StatusCode::kUnauthenticated, "expired"));
       }},
  };
}

}  // namespace labrec::conformance
