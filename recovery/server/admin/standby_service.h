#pragma once

#include <functional>
#include <optional>
#include <string>

#include "recovery/api/v1/admin.grpc.pb.h"
#include "recovery/engine/status.h"
#include "recovery/server/admin/socket.h"
#include "recovery/server/service/realm_description.h"
#include "recovery/server/watch/traffic.h"
#include "recovery/standby/standby.h"

namespace labrec::recovery {

// The operator's API of a host that is a standby: GetStatus, GetStandby and TakeOver; all else is
// UNIMPLEMENTED, as there is no ledger open. Threads: gRPC's. All references outlive the service.
class StandbyService : public labyrinth::recovery::v1::Admin::CallbackService {
 public:
  StandbyService(Standby& standby, Traffic& traffic, RealmFacts facts, std::function<EngineStatus()> status,
                 int64_t started_at_ms, std::function<std::optional<Peer>(const std::string&)> peer_of);
  ~StandbyService() override;
  StandbyService(const StandbyService&) = delete;
  StandbyService& operator=(const StandbyService&) = delete;

 private:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* GetStatus(Context* context, const labyrinth::recovery::v1::GetStatusRequest* request,
                     labyrinth::recovery::v1::GetStatusResponse* response) override;
  Reactor* GetStandby(Context* context, const labyrinth::recovery::v1::GetStandbyRequest* request,
                      labyrinth::recovery::v1::GetStandbyResponse* response) override;
  Reactor* TakeOver(Context* context, const labyrinth::recovery::v1::TakeOverRequest* request,
                    labyrinth::recovery::v1::TakeOverResponse* response) override;

  absl::StatusOr<std::string> Actor(const Context& context) const;

  Standby& standby_;
  Traffic& traffic_;
  const RealmFacts facts_;
  const std::function<EngineStatus()> status_;
  const int64_t started_at_ms_;
  const std::function<std::optional<Peer>(const std::string&)> peer_of_;
};

// What a standby's host is, as a realm that does not serve.
EngineStatus StatusOfStandby(const StandbyFigures& figures);

}  // namespace labrec::recovery
