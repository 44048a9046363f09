#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "hsm/base/encoding.h"
#include "tests/vectors/conformance/transcripts.h"

// What scenes are made of.
namespace labrec::conformance {

namespace wire = recovery::wire;

constexpr std::string_view kOtherPin = "271828";
constexpr auto kActive = wire::VersionStage::kActive;
constexpr auto kPending = wire::VersionStage::kPending;

// The same in every scene, as stretching the example's PIN takes its time.
inline const KitRecord& TheRecord() {
  static const KitRecord record = ExampleRecord();
  return record;
}
inline const KitRecord& Second() {
  static const KitRecord record = LaterRecord(2, kOtherPin);
  return record;
}

inline Json Operation(std::string_view kind, Json more = Json::object()) {
  Json operation = {{"kind", std::string(kind)}, {"record", Example::kRecord}};
  operation.update(more);
  return operation;
}
inline std::string PinHex(std::string_view pin) {
  return Hex(AsBytes(pin));
}
inline Json RecoverWith(std::string_view pin, Json more = Json::object()) {
  more["pin"] = PinHex(pin);
  return Operation("recover", std::move(more));
}
inline Json SealWith(std::string_view pin) {
  return Operation("seal", {{"pin", PinHex(pin)},
                            {"secret", Hex(KitSecret())},
                            {"guess_limit", 10},
                            {"argon_memory_kib", 1024},
                            {"argon_passes", 1}});
}

// All of them hold it.
inline void AllHold(const HonestRealms& realms, const KitRecord& record, wire::VersionStage stage = kActive,
                    uint32_t remaining = 10) {
  for (HonestRealm* realm : realms) realm->Hold(record, stage, remaining);
}

// Changes one kind of message that a realm answers with OK.
template <typename M, typename Change>
std::function<MaybeReply(MaybeReply)> Changed(Change change) {
  return [change](MaybeReply reply) -> MaybeReply {
    if (!reply || !reply->status.ok()) return reply;
    M message = wire::Decode<M>(reply->body).value();
    change(message);
    return Give(message);
  };
}

}  // namespace labrec::conformance
