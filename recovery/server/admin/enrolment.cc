#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/server/admin/acts.h"
#include "recovery/server/admin/service.h"
#include "recovery/server/service/request_fields.h"

// Many devices at once.
namespace labrec::recovery {

namespace v1 = ::labyrinth::recovery::v1;

namespace {

constexpr int kMost = 1000;

// The devices of a request that may go into the ledger, and where each stood in it.
struct Batch {
  std::vector<Devices::Newcomer> newcomers;
  std::vector<int> places;
  std::vector<AuditEvent> events;
};

absl::StatusOr<Devices::Newcomer> Read(const v1::AdminEnrollDeviceRequest& request, const Tenants& tenants) {
  if (!tenants.Has(request.account().tenant())) {
    return absl::NotFoundError(absl::StrCat("there is no tenant \"", request.account().tenant(), "\""));
  }
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey key, PublicKeyField("public_key", request.public_key()));
  LABREC_ASSIGN_OR_RETURN(std::string name, DeviceNameField(request.name()));
  return Devices::Newcomer{request.account().tenant(), request.account().account(), key, std::move(name)};
}

void FillResult(const absl::StatusOr<Enrollment>& result, v1::EnrolledDevice* device) {
  if (!result.ok()) return device->set_refused(std::string(result.status().message()));
  device->set_device_id(ToString(result->device));
  device->set_already(!result->changed);
}

// The lines are on the disk together, as the last one waits for it.
absl::Status AppendAll(AuditLog& audit, const std::vector<AuditEvent>& events) {
  for (size_t i = 0; i < events.size(); ++i) {
    const bool last = i + 1 == events.size();
    LABREC_RETURN_IF_ERROR(audit.Append(events[i], last ? Durability::kSync : Durability::kBuffered));
  }
  return absl::OkStatus();
}

}  // namespace

AdminService::Reactor* AdminService::EnrollDevices(Context* context, const v1::EnrollDevicesRequest* request,
                                                   v1::EnrollDevicesResponse* response) {
  return Serve(context, "Admin.EnrollDevices", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const std::string actor, Changer(*context));
    if (request->devices_size() > kMost) return absl::InvalidArgumentError("devices: at most 1000 at once");
    auto batch = std::make_shared<Batch>();
    for (int i = 0; i < request->devices_size(); ++i) {
      v1::EnrolledDevice* const device = response->add_devices();
      absl::StatusOr<Devices::Newcomer> read = Read(request->devices(i), tenants_.tenants);
      if (!read.ok()) {
        FillResult(read.status(), device);
        continue;
      }
      batch->events.push_back(
          {"device_enroll", actor, read->tenant, read->account, "", "device " + Hex(read->key.DeviceId())});
      batch->places.push_back(i);
      batch->newcomers.push_back(*std::move(read));
    }
    LABREC_RETURN_IF_ERROR(AppendAll(audit_, batch->events));
    Caller caller;
    caller.is_operator = true;
    caller.deadline = DeadlineOf(*context);
    engine_.devices().EnrollManyAsOperator(
        std::move(caller), batch->newcomers,
        [this, call, batch,
         response](const absl::StatusOr<std::vector<absl::StatusOr<Enrollment>>>& results) {
          for (size_t i = 0; i < batch->events.size(); ++i) {
            const absl::StatusOr<Enrollment> one = results.ok() ? (*results)[i] : results.status();
            FillResult(one, response->mutable_devices(batch->places[i]));
            audit_.AppendLater(ResultOf(batch->events[i], one.status()), Durability::kBuffered,
                               [](const absl::Status& written) {
                                 if (!written.ok()) spdlog::error("{}", std::string(written.message()));
                               });
          }
          call.Finish(results.status());
        });
    return absl::OkStatus();
  });
}

}  // namespace labrec::recovery
