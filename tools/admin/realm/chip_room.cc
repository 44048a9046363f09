#include "tools/admin/realm/chip_room.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/open_device.h"
#include "recovery/realm/folder.h"
#include "tools/admin/admin_client.h"
#include "tools/admin/describe.h"

namespace labrec::admin {
namespace {

Json Reason(Json counts, std::string reason) {
  return {{"counts", std::move(counts)}, {"reason", std::move(reason)}};
}

absl::StatusOr<Json> AskDaemon(const ChipQuestion& question) {
  const auto answer = AdminClient(question.socket).GetStatus();
  if (answer.ok()) return DescribeChip(answer->realm());
  return absl::Status(answer.status().code(),
                      absl::StrCat(answer.status().message(),
                                   "; if its socket is elsewhere, name it with --socket or --config"));
}

absl::StatusOr<Json> AskDevice(const ChipQuestion& question, const recovery::RealmManifest& manifest) {
  const recovery::RealmFolder folder(question.state);
  LABREC_ASSIGN_OR_RETURN(const SecretBytes authorization, folder.ReadDeviceAuth());
  const hsm::DeviceAddress address{question.device_uri.value_or(manifest.device.uri)};
  LABREC_ASSIGN_OR_RETURN(const auto device, hsm::OpenDevice(address, manifest.device.state, authorization,
                                                             folder.PcrApprovalsPath()));
  if (device->counted_keys() == nullptr) return Reason(false, device->description().no_counted_keys);
  LABREC_ASSIGN_OR_RETURN(const hsm::CountedCapacity room, device->counted_keys()->Capacity());
  return Json{{"counts", true}, {"used", room.used}, {"free_handles", room.free_handles}};
}

absl::StatusOr<Json> Ask(const ChipQuestion& question, const recovery::RealmManifest& manifest) {
  const auto lock = recovery::RealmLock::Take(recovery::RealmFolder(question.state));
  if (absl::IsFailedPrecondition(lock.status())) return AskDaemon(question);
  LABREC_RETURN_IF_ERROR(lock.status());
  return AskDevice(question, manifest);
}

}  // namespace

Json DescribeChipRoom(const ChipQuestion& question, const recovery::RealmManifest& manifest) {
  if (!manifest.device.uri.starts_with("tpm2:")) return Reason(false, "only a TPM 2.0 counts guesses itself");
  const absl::StatusOr<Json> answer = Ask(question, manifest);
  if (answer.ok()) return *answer;
  return Reason(nullptr, std::string(answer.status().message()));
}

}  // namespace labrec::admin
