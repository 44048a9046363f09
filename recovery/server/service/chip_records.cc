#include <string>
#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/server/service/answers.h"
#include "recovery/server/service/call.h"
#include "recovery/server/service/request_fields.h"
#include "recovery/server/service/service.h"

// The calls for versions that the chip counts for.
namespace labrec::recovery {

namespace v1 = ::labyrinth::recovery::v1;

absl::Status RecoveryService::BeginChipRegistration(const Caller& caller,
                                                    const v1::BeginRegistrationRequest& request,
                                                    v1::BeginRegistrationResponse* response,
                                                    const Call& call) {
  LABREC_ASSIGN_OR_RETURN(ChipRegistration registration, ChipRegistrationField(request));
  LABREC_RETURN_IF_ERROR(CheckGuessLimitOf(caller, registration.guess_limit));
  engine_.chip_records().BeginChipRegistration(
      caller, std::move(registration),
      call.Answer<ChipRegistrationBegun>([=, this](const ChipRegistrationBegun& begun) {
        GiveChallenge(caller, response->mutable_next_challenge());
        response->set_registration_id(ToString(begun.registration_id));
        response->mutable_chip()->set_evidence(ToString(begun.evidence));
      }));
  return absl::OkStatus();
}

absl::Status RecoveryService::BeginChipWrite(const Call& call, const v1::BeginChipWriteRequest& request,
                                             v1::BeginChipWriteResponse* response) {
  LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request.record()));
  LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request.version()));
  Bytes nonce;
  if (!request.nonce().empty()) {
    LABREC_ASSIGN_OR_RETURN(nonce, FixedField("nonce", request.nonce(), kNonceBytes));
  }
  engine_.chip_records().BeginChipWrite(std::move(caller), std::move(record), version, std::move(nonce),
                                        call.Answer<ChipWriteBegun>([=](const ChipWriteBegun& begun) {
                                          response->set_session(begun.session.id);
                                          response->set_nonce_tpm(ToString(begun.session.nonce_tpm));
                                          response->set_contents(ToString(begun.contents));
                                        }));
  return absl::OkStatus();
}

absl::Status RecoveryService::FinishChipWrite(const Call& call, const v1::FinishChipWriteRequest& request,
                                              v1::FinishChipWriteResponse* response) {
  LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(ChipWrite write, ChipWriteField(request));
  engine_.chip_records().FinishChipWrite(std::move(caller), std::move(write),
                                         call.Answer<ChipContents>([=](const ChipContents& contents) {
                                           response->set_contents(ToString(contents.statement));
                                         }));
  return absl::OkStatus();
}

absl::Status RecoveryService::ConfirmKey(const Call& call, const v1::ConfirmKeyRequest& request,
                                         v1::ConfirmKeyResponse* response) {
  LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request.record()));
  LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request.version()));
  LABREC_ASSIGN_OR_RETURN(const RegistrationId id, RegistrationIdField(request.registration_id()));
  LABREC_ASSIGN_OR_RETURN(auto elements, ElementsField(request.elements(), 2, 2));
  engine_.chip_records().ConfirmKey(
      std::move(caller), std::move(record), version, id, std::move(elements),
      call.Answer<std::vector<P256Point>>([=](const std::vector<P256Point>& evaluated) {
        FillPoints(evaluated, response->mutable_evaluated());
      }));
  return absl::OkStatus();
}

}  // namespace labrec::recovery
