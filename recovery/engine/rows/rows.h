#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"

#include "recovery/ledger/ledger.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

RowAddress AccountAddress(const Ledger& ledger, std::string_view tenant, std::string_view account);
RowAddress RecordAddress(const Ledger& ledger, const RecordName& name);

// The account or record as the ledger has it; nullopt if there is none. DATA_LOSS, also written to the log,
// if storage was tampered with, or the row belongs to another address: then this account is not served,
// others are. Any thread.
absl::StatusOr<std::optional<Account>> ReadAccount(Ledger& ledger, std::string_view tenant,
                                                   std::string_view account);
absl::StatusOr<std::optional<Record>> ReadRecord(Ledger& ledger, const RecordName& name);

}  // namespace labrec::recovery
