#include "recovery/record/accept/accepting.h"

#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/record/accept/lowering.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_frame.h"
#include "recovery/record/codec/row_key.h"
#include "recovery/record/rules/erasure.h"

namespace labrec::recovery {
namespace {

Record WithoutCountedElements(Record record) {
  for (RecordVersion& version : record.versions) {
    if (!version.chip) version.counted_elements.clear();
  }
  return record;
}

}  // namespace

absl::StatusOr<RowPlace> PlaceOf(ByteView row) {
  const auto place = [](const std::string& tenant, const std::string& account) {
    return RowPlace{AccountHash(tenant, account), AccountRowKey(tenant, account),
                    AccountRowKey(tenant, account)};
  };
  if (IsAccountRow(row)) {
    LABREC_ASSIGN_OR_RETURN(const Account account, DecodeAccount(row));
    return place(account.tenant, account.account);
  }
  LABREC_ASSIGN_OR_RETURN(const Record record, DecodeRecord(row));
  RowPlace of_record = place(record.name.tenant, record.name.account);
  of_record.key = RecordRowKey(record.name);
  return of_record;
}

absl::StatusOr<std::optional<Bytes>> AcceptRow(ByteView row, const AcceptTerms& terms) {
  if (IsAccountRow(row)) {
    LABREC_ASSIGN_OR_RETURN(const Account account, DecodeAccount(row));
    return std::optional<Bytes>(EncodeAccount(account));
  }
  LABREC_ASSIGN_OR_RETURN(Record record, DecodeRecord(row));
  if (!terms.vouched) record = WithoutCountedElements(std::move(record));
  std::optional<Record> left = terms.devices_discarded ? ForgetDevices(record) : std::move(record);
  if (!left) return std::optional<Bytes>();
  return std::optional<Bytes>(EncodeRecord(LowerRemaining(*std::move(left), terms.floor)));
}

}  // namespace labrec::recovery
