#include "recovery/engine/rows/rows.h"

#include <string>

#include <spdlog/spdlog.h>

#include "hsm/base/encoding.h"
#include "recovery/record/accept/discarding.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_key.h"

namespace labrec::recovery {
namespace {

absl::Status Logged(absl::Status status) {
  spdlog::error("a request is refused: {}", std::string(status.message()));
  return status;
}

Digest PlaceOf(const Account& account) {
  return AccountRowKey(account.tenant, account.account);
}
Digest PlaceOf(const Record& record) {
  return RecordRowKey(record.name);
}

absl::Status Damaged(const RowAddress& address, const std::string& how) {
  return Logged(absl::DataLossError("row " + Hex(address.key) + " of bucket " +
                                    std::to_string(address.bucket) + ": " + how));
}

// A row says whose it is, and everything else goes by that name: one that lies where another one belongs was
// put there by somebody's hand. Only what is left of a row that an operator discarded has no name.
template <typename Row, typename Decode>
absl::StatusOr<std::optional<Row>> Read(Ledger& ledger, const RowAddress& address, Decode decode,
                                        Row discarded) {
  absl::StatusOr<std::optional<Bytes>> bytes = ledger.Read(address);
  if (!bytes.ok()) return Logged(std::move(bytes).status());
  if (!*bytes) return std::optional<Row>();
  if (IsDiscardedRow(**bytes)) return std::optional<Row>(std::move(discarded));
  absl::StatusOr<Row> row = decode(**bytes);
  if (!row.ok()) return Damaged(address, std::string(row.status().message()));
  if (PlaceOf(*row) != address.key) return Damaged(address, "holds what belongs elsewhere");
  return std::optional<Row>(*std::move(row));
}

}  // namespace

RowAddress AccountAddress(const Ledger& ledger, std::string_view tenant, std::string_view account) {
  return {ledger.BucketOf(AccountHash(tenant, account)), AccountRowKey(tenant, account)};
}

RowAddress RecordAddress(const Ledger& ledger, const RecordName& name) {
  return {ledger.BucketOf(AccountHash(name.tenant, name.account)), RecordRowKey(name)};
}

absl::StatusOr<std::optional<Account>> ReadAccount(Ledger& ledger, std::string_view tenant,
                                                   std::string_view account) {
  return Read<Account>(ledger, AccountAddress(ledger, tenant, account), DecodeAccount,
                       DiscardedAccount(tenant, account));
}

absl::StatusOr<std::optional<Record>> ReadRecord(Ledger& ledger, const RecordName& name) {
  return Read<Record>(ledger, RecordAddress(ledger, name), DecodeRecord, DiscardedRecord(name));
}

}  // namespace labrec::recovery
