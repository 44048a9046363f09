#include "recovery/server/admin/standby_service.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/server/service/rpc.h"

namespace labrec::recovery {

namespace v1 = ::labyrinth::recovery::v1;

StandbyService::StandbyService(Standby& standby, Traffic& traffic, RealmFacts facts,
                               std::function<EngineStatus()> status, int64_t started_at_ms,
                               std::function<std::optional<Peer>(const std::string&)> peer_of)
    : standby_(standby),
      traffic_(traffic),
      facts_(std::move(facts)),
      status_(std::move(status)),
      started_at_ms_(started_at_ms),
      peer_of_(std::move(peer_of)) {}
StandbyService::~StandbyService() = default;

absl::StatusOr<std::string> StandbyService::Actor(const Context& context) const {
  return PersonAt(peer_of_(context.peer()));
}

StandbyService::Reactor* StandbyService::GetStatus(Context* context, const v1::GetStatusRequest*,
                                                   v1::GetStatusResponse* response) {
  return Serve(context, "Admin.GetStatus", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_RETURN_IF_ERROR(Actor(*context).status());
    const EngineStatus status = status_();
    DescribeRealm(facts_, status, response->mutable_realm());
    response->set_serving(false);
    response->set_not_serving_reason(status.not_serving_reason);
    response->set_epoch(status.epoch);
    response->set_records(status.records);
    response->set_started_at_ms(started_at_ms_);
    call.Finish(absl::OkStatus());
    return absl::OkStatus();
  });
}

StandbyService::Reactor* StandbyService::GetStandby(Context* context, const v1::GetStandbyRequest*,
                                                    v1::GetStandbyResponse* response) {
  return Serve(context, "Admin.GetStandby", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_RETURN_IF_ERROR(Actor(*context).status());
    const StandbyFigures figures = standby_.figures();
    response->set_refusal(figures.refusal);
    response->set_epoch(figures.epoch);
    response->set_records(figures.records);
    response->set_discontinuities(figures.discontinuities);
    response->set_holder(figures.holder);
    response->set_unserved_for_ms(figures.unserved_for.count());
    response->set_looked_ago_ms(figures.looked_ago.count());
    response->set_automatic(figures.automatic);
    call.Finish(absl::OkStatus());
    return absl::OkStatus();
  });
}

StandbyService::Reactor* StandbyService::TakeOver(Context* context, const v1::TakeOverRequest* request,
                                                  v1::TakeOverResponse*) {
  return Serve(context, "Admin.TakeOver", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(std::string actor, OperatorAt(peer_of_(context->peer())));
    standby_.TakeOver(request->end_holder() ? Standby::Holder::kEnd : Standby::Holder::kRespect,
                      std::move(actor), [call](const absl::Status& taken) { call.Finish(taken); });
    return absl::OkStatus();
  });
}

EngineStatus StatusOfStandby(const StandbyFigures& figures) {
  EngineStatus status;
  status.not_serving_reason = absl::StrCat(
      "this host is a standby, and ",
      figures.refusal.empty() ? "could take over" : absl::StrCat("could not take over: ", figures.refusal));
  if (!figures.holder.empty()) absl::StrAppend(&status.not_serving_reason, "; ", figures.holder, " serves");
  status.epoch = figures.epoch;
  status.records = figures.records;
  status.discontinuities = figures.discontinuities;
  return status;
}

}  // namespace labrec::recovery
