#include "recovery/server/admin/acts.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/names.h"

namespace labrec::recovery {

namespace v1 = ::labyrinth::recovery::v1;

absl::StatusOr<Caller> Operator(const grpc::CallbackServerContext& context, const std::string& tenant,
                                const std::string& account) {
  LABREC_RETURN_IF_ERROR(CheckIdentifier("tenant", tenant));
  LABREC_RETURN_IF_ERROR(CheckIdentifier("account", account));
  return Caller{tenant, account, true, DeadlineOf(context)};
}

void FillShown(const RecordView& view, Configs configs, v1::AdminShowRecordResponse* answer) {
  FillRecord(view, configs, answer->mutable_record());
  if (!view.registered) return;
  if (view.record.floor) FillFloor(*view.record.floor, answer->mutable_floor());
  answer->set_last_counted_at_ms(view.record.last_counted_ms);
  for (const RecordVersion& version : view.record.versions) {
    if (!version.chip) continue;
    v1::ChipCount* const chip = answer->add_chips();
    chip->set_version(version.number);
    chip->set_index(version.chip->index);
    chip->set_count(version.chip->count);
    chip->set_limit(version.chip->limit);
  }
  if (const RecordVersion* newest = view.record.Newest()) {
    answer->set_config_sha256(ToString(Sha256(newest->config)));
  }
}

AuditEvent ResultOf(AuditEvent event, const absl::Status& result) {
  event.event += result.ok() ? "_done" : "_failed";
  if (!result.ok()) absl::StrAppend(&event.detail, event.detail.empty() ? "" : ": ", result.message());
  return event;
}

}  // namespace labrec::recovery
