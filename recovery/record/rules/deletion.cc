#include "recovery/record/rules/deletion.h"

#include "recovery/record/rules/authority.h"

namespace labrec::recovery {

absl::StatusOr<Account> ApplyDelete(const std::optional<Account>& account,
                                    const std::optional<Record>& record, const DeleteRecord& request) {
  if (!AnyButTokenHolder(request.authority, account, record)) return NeedsSignature("deleting a record");
  if (!account || !record) return absl::NotFoundError("there is no such record");
  Account next = *account;
  std::erase(next.records, record->name.record);
  return next;
}

}  // namespace labrec::recovery
