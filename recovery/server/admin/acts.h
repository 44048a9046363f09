#pragma once

#include <memory>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/status/statusor.h"

#include "recovery/api/v1/admin.pb.h"
#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/caller.h"
#include "recovery/realm/audit_log.h"
#include "recovery/server/service/answers.h"
#include "recovery/server/service/rpc.h"

// What the operator's calls share. recovery/server/admin's own.
namespace labrec::recovery {

// The operator, for one account. INVALID_ARGUMENT: a name that none can have.
absl::StatusOr<Caller> Operator(const grpc::CallbackServerContext& context, const std::string& tenant,
                                const std::string& account);

void FillShown(const RecordView& view, Configs configs,
               labyrinth::recovery::v1::AdminShowRecordResponse* answer);

// The event with how it ended: "_done", or "_failed" and why.
AuditEvent ResultOf(AuditEvent event, const absl::Status& result);

// A continuation that records the result before the call is finished. It may run on the commit thread, and
// does not wait there: the log's thread finishes the call.
template <typename T, typename Fill>
Done<T> RecordedAnswer(const Call& call, AuditLog& audit, AuditEvent event, Fill fill) {
  Done<T> answer = call.Answer<T>(std::move(fill));
  return [&audit, event = std::move(event), answer = std::move(answer)](absl::StatusOr<T> result) {
    const AuditEvent ended = ResultOf(event, result.status());
    auto kept = std::make_shared<absl::StatusOr<T>>(std::move(result));
    audit.AppendLater(ended, Durability::kSync,
                      [name = ended.event, kept, answer](const absl::Status& written) {
                        if (!written.ok()) spdlog::error("{}: {}", name, std::string(written.message()));
                        answer(std::move(*kept));
                      });
  };
}

}  // namespace labrec::recovery
