#include "recovery/client/c/signature_form.h"

#include <optional>
#include <utility>

namespace labrec::recovery::client::c {
namespace {

constexpr size_t kNumber = 32;  // bytes of r, and of s
constexpr uint8_t kSequence = 0x30, kInteger = 0x02;

// Takes one INTEGER from the front, as 32 bytes.
std::optional<Bytes> TakeNumber(ByteView& der) {
  if (der.size() < 2 || der[0] != kInteger) return std::nullopt;
  const size_t size = der[1];
  if (size < 1 || size > kNumber + 1 || der.size() < 2 + size) return std::nullopt;
  ByteView value = der.subspan(2, size);
  der = der.subspan(2 + size);
  if (value.size() == kNumber + 1 && value[0] != 0) return std::nullopt;
  if (value.size() == kNumber + 1) value = value.subspan(1);
  Bytes number(kNumber - value.size());
  number.insert(number.end(), value.begin(), value.end());
  return number;
}

std::optional<Bytes> FromDer(ByteView der) {
  if (der.size() < 2 || der[0] != kSequence || der[1] != der.size() - 2) return std::nullopt;
  der = der.subspan(2);
  auto r = TakeNumber(der);
  const auto s = TakeNumber(der);
  if (!r || !s || !der.empty()) return std::nullopt;
  r->insert(r->end(), s->begin(), s->end());
  return r;
}

}  // namespace

void BringIntoForm(core::Reply& signature) {
  if (signature.body.size() == 2 * kNumber) return;
  auto raw = FromDer(signature.body);
  if (raw) {
    signature.body = *std::move(raw);
  } else {
    signature.status = absl::InvalidArgumentError("the host gave a signature that is neither r || s nor DER");
  }
}

}  // namespace labrec::recovery::client::c
