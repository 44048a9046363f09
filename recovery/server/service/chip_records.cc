#include <string>
#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/server/service/answers.h"
#include "recovery/server/service/request_fields.h"
#include "recovery/server/service/rpc.h"
#include "recovery/server/service/service.h"

// The calls for versions that the chip counts for.
namespace labrec::recovery {

namespace v1 = ::labyrinth::recovery::v1;
using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

absl::Status RecoveryService::BeginChipRegistration(Caller caller,
                                                    const v1::BeginRegistrationRequest& request,
                                                    v1::BeginRegistrationResponse* response, const Rpc& rpc) {
  LABREC_ASSIGN_OR_RETURN(ChipRegistration registration, ChipRegistrationField(request));
  engine_.chip_records().BeginChipRegistration(
      std::move(caller), std::move(registration),
      rpc.Answer<ChipRegistrationBegun>([=](const ChipRegistrationBegun& begun) {
        response->set_registration_id(ToString(begun.registration_id));
        response->mutable_chip()->set_evidence(ToString(begun.evidence));
      }));
  return absl::OkStatus();
}

Reactor* RecoveryService::BeginChipWrite(Context* context, const v1::BeginChipWriteRequest* request,
                                         v1::BeginChipWriteResponse* response) {
  return Serve(context, "BeginChipWrite", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request->record()));
    LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request->version()));
    engine_.chip_records().BeginChipWrite(
        std::move(caller), std::move(record), version,
        rpc.Answer<hsm::WriteSession>([=](const hsm::WriteSession& session) {
          response->set_session(session.id);
          response->set_nonce_tpm(ToString(session.nonce_tpm));
        }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::FinishChipWrite(Context* context, const v1::FinishChipWriteRequest* request,
                                          v1::FinishChipWriteResponse* response) {
  return Serve(context, "FinishChipWrite", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(ChipWrite write, ChipWriteField(*request));
    engine_.chip_records().FinishChipWrite(std::move(caller), std::move(write),
                                           rpc.Answer<ChipContents>([=](const ChipContents& contents) {
                                             response->set_contents(ToString(contents.statement));
                                           }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::ConfirmKey(Context* context, const v1::ConfirmKeyRequest* request,
                                     v1::ConfirmKeyResponse* response) {
  return Serve(context, "ConfirmKey", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request->record()));
    LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request->version()));
    LABREC_ASSIGN_OR_RETURN(const RegistrationId id, RegistrationIdField(request->registration_id()));
    LABREC_ASSIGN_OR_RETURN(auto elements, ElementsField(request->elements(), 2, 2));
    engine_.chip_records().ConfirmKey(
        std::move(caller), std::move(record), version, id, std::move(elements),
        rpc.Answer<std::vector<P256Point>>([=](const std::vector<P256Point>& evaluated) {
          FillPoints(evaluated, response->mutable_evaluated());
        }));
    return absl::OkStatus();
  });
}

}  // namespace labrec::recovery
