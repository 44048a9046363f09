#include "recovery/record/codec/row_key.h"

#include "hsm/base/encoding.h"

namespace labrec::recovery {

Digest AccountHash(std::string_view tenant, std::string_view account) {
  return Sha256(Writer().Lp(tenant).Lp(account).bytes());
}

Digest AccountRowKey(std::string_view tenant, std::string_view account) {
  return Sha256(Writer().Lp("account").Lp(tenant).Lp(account).Lp("").bytes());
}

Digest RecordRowKey(const RecordName& name) {
  return Sha256(Writer().Lp("record").Lp(name.tenant).Lp(name.account).Lp(name.record).bytes());
}

}  // namespace labrec::recovery
