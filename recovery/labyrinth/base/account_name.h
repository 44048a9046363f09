#pragma once

#include <string>

#include "hsm/base/encoding.h"

namespace labrec::recovery::labyrinth {

// Whose history it is. Every signature, MAC, sealed field and recovery code is bound to it, so that nothing
// of one account is taken for another's. Both texts have at most 65535 bytes.
struct AccountName {
  std::string tenant;
  std::string account;

  bool operator==(const AccountName&) const = default;
};

// LP(label) || LP(tenant) || LP(account): the beginning of every byte string of the module that is hashed,
// signed or bound as associated data.
inline Writer Bound(std::string_view label, const AccountName& account) {
  Writer writer;
  writer.Lp(label).Lp(account.tenant).Lp(account.account);
  return writer;
}

}  // namespace labrec::recovery::labyrinth
