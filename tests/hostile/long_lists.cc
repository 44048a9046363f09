#include "tests/hostile/long_lists.h"

#include <vector>

#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/realm_messages.h"
#include "recovery/api/wire/record_messages.h"

namespace labrec::hostile {
namespace {

namespace wire = recovery::wire;

template <typename Response, typename Lengthen>
std::optional<Bytes> Lengthened(const Bytes& answer, Lengthen lengthen) {
  auto response = wire::Decode<Response>(answer);
  if (!response || !lengthen(*response)) return std::nullopt;
  return wire::Encode(*response);
}

template <typename T>
bool Repeat(std::vector<T>& list, size_t entries) {
  if (list.empty()) return false;
  const T last = list.back();
  list.resize(entries, last);
  return true;
}

}  // namespace

std::optional<Bytes> WithALongList(std::string_view method, const Bytes& answer, size_t entries) {
  if (method == "GetRecord") {
    return Lengthened<wire::GetRecordResponse>(answer, [&](wire::GetRecordResponse& response) {
      if (!Repeat(response.versions, entries)) return false;
      uint32_t version = response.versions.front().version + static_cast<uint32_t>(entries);
      for (wire::RecordVersion& each : response.versions) each.version = version--;
      return true;
    });
  }
  if (method == "GetRealm") {
    return Lengthened<wire::GetRealmResponse>(answer, [&](wire::GetRealmResponse& response) {
      response.guess_delays_s.resize(entries, 1);
      return true;
    });
  }
  if (method == "ListDevices") {
    return Lengthened<wire::ListDevicesResponse>(
        answer, [&](wire::ListDevicesResponse& response) { return Repeat(response.devices, entries); });
  }
  return std::nullopt;
}

}  // namespace labrec::hostile
