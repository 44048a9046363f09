#include "recovery/client/base/config_group.h"

#include <algorithm>

namespace labrec::recovery::client {

const GroupMember* ConfigGroup::Find(size_t realm) const {
  const auto member = std::ranges::find(members, realm, &GroupMember::realm);
  return member == members.end() ? nullptr : &*member;
}

}  // namespace labrec::recovery::client
