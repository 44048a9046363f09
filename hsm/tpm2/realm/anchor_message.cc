#include "hsm/tpm2/realm/anchor_message.h"

#include <utility>

#include "hsm/base/encoding.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr char kLabel[] = "labyrinth-recovery/v1/anchor";

}  // namespace

Bytes AnchorMessage(ByteView realm_id, uint64_t epoch, const Digest& digest) {
  Writer message;
  message.Lp(kLabel).Lp(realm_id).U64(epoch).Raw(digest);
  return std::move(message).Take();
}

bool IsAnchorMessage(ByteView message) {
  Writer prefix;
  prefix.Lp(kLabel);
  const size_t size = prefix.bytes().size();
  return message.size() >= size && SameBytes(message.first(size), prefix.bytes());
}

}  // namespace labrec::hsm::tpm2
