#include "recovery/client/operations/devices.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "recovery/api/limits.h"
#include "recovery/client/core/gather.h"
#include "recovery/client/core/signed_call.h"
#include "recovery/client/operations/reports.h"

namespace labrec::recovery::client::core {
namespace {

// A device that is to be enrolled. Borrows.
struct NewDevice {
  const EcdsaPublicKey& key;
  const Signer& device;
  const std::string& name;
  const Signer* authority;
};

// Both the new key and the one that vouches for it sign the same bytes, over the same challenge.
Task<wire::EnrollDeviceRequest> SignedRequest(Scope& scope, Account& account, size_t realm,
                                              const NewDevice& device, const Bytes& challenge) {
  wire::EnrollDeviceRequest request;
  request.public_key = device.key.Spki();
  request.name = device.name;
  request.challenge = challenge;
  const Bytes message = RequestBytes(account.ScopeAt(realm), Operation::kEnrollDevice, challenge,
                                     EnrollDeviceBody(request.public_key, device.name));
  LABREC_CO_ASSIGN_OR_RETURN(RequestSignature proof,
                             co_await device.device.Sign(scope, account, realm, message));
  request.proof = std::move(proof.signature);
  if (device.authority != nullptr) {
    LABREC_CO_ASSIGN_OR_RETURN(request.authorization,
                               co_await Signed(scope, account, realm, *device.authority, challenge, message));
  }
  co_return request;
}

Task<wire::EnrollDeviceResponse> EnrollAt(Scope& scope, Account& account, size_t realm,
                                          const NewDevice& device) {
  for (int attempt = 1;; ++attempt) {
    LABREC_CO_ASSIGN_OR_RETURN(const ChallengeToSign challenge,
                               co_await TakeChallenge(scope, account, realm));
    LABREC_CO_ASSIGN_OR_RETURN(wire::EnrollDeviceRequest request,
                               co_await SignedRequest(scope, account, realm, device, challenge.bytes));
    auto response = co_await Call(scope, account, realm, std::move(request));
    if (response.ok() || !IsSignedAgain(scope, response.status(), challenge.was_held, attempt)) {
      co_return response;
    }
  }
}

// A realm that names a device otherwise than its key does shows whom it likes.
absl::StatusOr<EnrolledDevice> DeviceOf(const Realm& realm, const wire::DeviceInfo& info) {
  auto key = EcdsaPublicKey::FromSpki(info.public_key);
  if (!key.ok() || !SameBytes(key->DeviceId(), info.device_id)) {
    return absl::DataLossError(
        absl::StrCat("realm ", realm.name, " lists a device whose id is not that of its key"));
  }
  const auto id = key->DeviceId();
  return EnrolledDevice{id, *std::move(key), info.name, info.enrolled_at_ms, info.enrolled_by};
}

void TakeDevices(const Realm& realm, const wire::ListDevicesResponse& response, DeviceList& list) {
  if (response.devices.size() > kMostDevices || response.records.size() > kMostRecords) {
    list.report.condition = RealmCondition::kFaulty;
    list.report.error = absl::DataLossError(
        absl::StrCat("realm ", realm.name, " lists more devices or records than an account can have"));
    return;
  }
  list.records = response.records;
  list.discarded = response.discarded;
  for (const wire::DeviceInfo& info : response.devices) {
    auto device = DeviceOf(realm, info);
    if (device.ok()) {
      list.devices.push_back(*std::move(device));
      continue;
    }
    list.report.condition = RealmCondition::kFaulty;
    list.report.error = device.status();
  }
}

}  // namespace

Task<std::vector<RealmReport>> EnrollDevice(Scope& scope, Account& account, const EcdsaPublicKey& key,
                                            const Signer& device, std::string name, const Signer* authority) {
  const NewDevice new_device{key, device, name, authority};
  LABREC_CO_ASSIGN_OR_RETURN(const auto answers, co_await GatherAll<wire::EnrollDeviceResponse>(
                                                     scope, account.size(), [&](size_t i, Scope& within) {
                                                       return EnrollAt(within, account, i, new_device);
                                                     }));
  co_return ReportsOf(account, answers);
}

Task<std::vector<RealmReport>> RevokeDevice(Scope& scope, Account& account, std::array<uint8_t, 16> device_id,
                                            const Signer& signer) {
  wire::RevokeDeviceRequest request;
  request.device_id = ToBytes(device_id);
  const Bytes body = RevokeDeviceBody(device_id);
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers,
      co_await GatherAll<wire::RevokeDeviceResponse>(scope, account.size(), [&](size_t i, Scope& within) {
        return SignedCall(within, account, i, Operation::kRevokeDevice, body, signer, request);
      }));
  std::vector<RealmReport> reports = ReportsOf(account, answers);
  for (size_t i = 0; i < reports.size(); ++i) {
    // Never enrolled there, or an answer to a first attempt that was lost.
    if (absl::IsNotFound(answers[i].status())) reports[i] = GoodReport(account, i);
  }
  co_return reports;
}

Task<std::vector<DeviceList>> ListDevices(Scope& scope, Account& account) {
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers,
      co_await GatherAll<wire::ListDevicesResponse>(scope, account.size(), [&](size_t i, Scope& within) {
        return Call(within, account, i, wire::ListDevicesRequest());
      }));
  std::vector<RealmReport> reports = ReportsOf(account, answers);
  std::vector<DeviceList> lists;
  for (size_t i = 0; i < answers.size(); ++i) {
    DeviceList& list = lists.emplace_back();
    list.report = std::move(reports[i]);
    if (answers[i].ok()) TakeDevices(account[i], *answers[i], list);
  }
  co_return lists;
}

}  // namespace labrec::recovery::client::core
