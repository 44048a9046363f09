#include "recovery/client/revoke_device.h"

#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/signed_call.h"

namespace labrec::recovery::client {

std::vector<RealmReport> RevokeDevice(const RealmSet& realms, const std::array<uint8_t, 16>& device_id,
                                      const RequestSigner& signer) {
  v1::RevokeDeviceRequest request;
  request.set_device_id(ToString(device_id));
  const Bytes body = RevokeDeviceBody(device_id);
  const auto answers =
      GatherAll<v1::RevokeDeviceResponse>(realms.size(), [&](size_t i, Cancellation& cancellation) {
        return SignedCall(realms, i, Operation::kRevokeDevice, body, signer, request, cancellation);
      });
  std::vector<RealmReport> reports(realms.size());
  for (size_t i = 0; i < realms.size(); ++i) {
    reports[i].realm = realms[i].name();
    reports[i].condition = RealmCondition::kGood;
    if (!answers[i].ok() && !absl::IsNotFound(answers[i].status())) reports[i].Failed(answers[i].status());
  }
  return reports;
}

}  // namespace labrec::recovery::client
