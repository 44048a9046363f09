#pragma once

#include <string>
#include <string_view>

#include "hsm/base/hash.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// Where rows lie. docs/formats.md. Names longer than 65535 bytes abort: callers checked them (limits.h).

// Chooses the bucket, the same for an account and its records: SHA-256(LP(tenant) || LP(account)).
Digest AccountHash(std::string_view tenant, std::string_view account);
// SHA-256(LP("account") || LP(tenant) || LP(account) || LP("")).
Digest AccountRowKey(std::string_view tenant, std::string_view account);
// SHA-256(LP("record") || LP(tenant) || LP(account) || LP(record)).
Digest RecordRowKey(const RecordName& name);

}  // namespace labrec::recovery
