#include "recovery/client/enroll.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/signed_call.h"

namespace labrec::recovery::client {
namespace {

using Response = v1::EnrollDeviceResponse;

// Both the new key and the one that vouches for it sign the same bytes, over the same challenge.
absl::StatusOr<v1::EnrollDeviceRequest> SignedRequest(const RealmSet& realms, size_t realm,
                                                      const DeviceKey& device, const std::string& name,
                                                      const RequestSigner* authority,
                                                      Cancellation& cancellation) {
  LABREC_ASSIGN_OR_RETURN(const Bytes challenge, NewChallenge(realms[realm], cancellation));
  const Bytes spki = device.public_key().Spki();
  const RequestScope scope = realms.Scope(realm);
  const Bytes message =
      RequestBytes(scope, Operation::kEnrollDevice, challenge, EnrollDeviceBody(spki, name));
  v1::EnrollDeviceRequest request;
  request.set_public_key(ToString(spki));
  request.set_name(name);
  request.set_challenge(ToString(challenge));
  request.set_proof(ToString(device.SignMessage(message)));
  if (authority != nullptr) {
    *request.mutable_authorization() = Signed(*authority, scope.realm_id, challenge, message);
  }
  return request;
}

absl::StatusOr<Response> EnrollAt(const RealmSet& realms, size_t realm, const DeviceKey& device,
                                  const std::string& name, const RequestSigner* authority,
                                  Cancellation& cancellation) {
  constexpr int kAttempts = 2;  // asking again for what is enrolled already is answered OK
  for (int attempt = 1;; ++attempt) {
    LABREC_ASSIGN_OR_RETURN(const v1::EnrollDeviceRequest request,
                            SignedRequest(realms, realm, device, name, authority, cancellation));
    absl::StatusOr<Response> response = realms[realm].Call(request, cancellation);
    if (response.ok() || !absl::IsUnavailable(response.status()) || attempt == kAttempts) return response;
  }
}

}  // namespace

std::vector<RealmReport> EnrollDevice(const RealmSet& realms, const DeviceKey& device,
                                      const std::string& name, const RequestSigner* authority) {
  const auto answers = GatherAll<Response>(realms.size(), [&](size_t i, Cancellation& cancellation) {
    return EnrollAt(realms, i, device, name, authority, cancellation);
  });
  std::vector<RealmReport> reports(realms.size());
  for (size_t i = 0; i < realms.size(); ++i) {
    reports[i].realm = realms[i].name();
    reports[i].condition = RealmCondition::kGood;
    if (!answers[i].ok()) reports[i].Failed(answers[i].status());
  }
  return reports;
}

}  // namespace labrec::recovery::client
