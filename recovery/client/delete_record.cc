#include "recovery/client/delete_record.h"

#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/signed_call.h"

namespace labrec::recovery::client {

std::vector<RealmReport> DeleteRecord(const RealmSet& realms, const std::string& record,
                                      const RequestSigner& signer) {
  v1::DeleteRecordRequest request;
  request.set_record(record);
  const Bytes body = RecordBody(record);
  const auto answers =
      GatherAll<v1::DeleteRecordResponse>(realms.size(), [&](size_t i, Cancellation& cancellation) {
        return SignedCall(realms, i, Operation::kDeleteRecord, body, signer, request, cancellation);
      });
  std::vector<RealmReport> reports(realms.size());
  for (size_t i = 0; i < realms.size(); ++i) {
    reports[i].realm = realms[i].name();
    reports[i].condition = RealmCondition::kGood;
    if (!answers[i].ok()) reports[i].Failed(answers[i].status());
    if (absl::IsNotFound(answers[i].status())) reports[i].condition = RealmCondition::kNotRegistered;
  }
  return reports;
}

}  // namespace labrec::recovery::client
