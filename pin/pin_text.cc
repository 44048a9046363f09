#include "pin/pin_text.h"

#include <cstdlib>
#include <string>

#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

namespace labrec::pin {
namespace {

constexpr size_t kMostBytes = 1024;
constexpr size_t kNfcGrowth = 3;  // UTF-8 in form NFC has at most three times as many bytes
constexpr ucs4_t kNonJoiner = 0x200C, kJoiner = 0x200D;

absl::Status Refused(const char* what) {
  return absl::InvalidArgumentError(std::string("the PIN ") + what + "; no try was spent");
}

// Why no PIN has this character; nullptr if it may.
const char* WhyNot(ucs4_t character) {
  if (uc_is_general_category_withtable(character, UC_CATEGORY_MASK_Cc)) {
    return "holds a control character, as arrow keys and some ways of pasting make them: type it again";
  }
  if (uc_is_general_category_withtable(character, UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp)) {
    return "holds the end of a line: give it as one line";
  }
  if (uc_is_general_category_withtable(character, UC_CATEGORY_MASK_Cf)) {
    const bool joins = character == kNonJoiner || character == kJoiner;
    return joins ? nullptr : "holds an invisible character, such as a byte-order mark: type it again";
  }
  if (uc_is_general_category_withtable(character, UC_CATEGORY_MASK_C)) {
    return "holds a character that other devices do not know: choose another one";
  }
  return nullptr;
}

// `typed` with ASCII digits, which have no more bytes.
absl::StatusOr<SecretBytes> FoldDigits(ByteView typed) {
  SecretBytes folded = SecretBytes::OfSize(typed.size());
  size_t size = 0;
  while (!typed.empty()) {
    ucs4_t character = 0;
    const int length = u8_mbtoucr(&character, typed.data(), typed.size());
    if (length <= 0) return Refused("is no UTF-8 text: type it on a terminal that is set to UTF-8");
    if (const char* const why = WhyNot(character)) return Refused(why);
    if (const int digit = uc_decimal_value(character); digit >= 0)
      character = '0' + static_cast<ucs4_t>(digit);
    size += static_cast<size_t>(
        u8_uctomb(folded.data() + size, character, static_cast<ptrdiff_t>(folded.size() - size)));
    typed = typed.subspan(static_cast<size_t>(length));
  }
  return SecretBytes::CopyOf(folded.view().first(size));
}

}  // namespace

absl::StatusOr<SecretBytes> NormalizePin(ByteView typed) {
  if (typed.empty()) return Refused("is empty");
  if (typed.size() > kNfcGrowth * kMostBytes) return Refused("is longer than 1024 bytes");
  const absl::StatusOr<SecretBytes> folded = FoldDigits(typed);
  if (!folded.ok()) return folded.status();
  SecretBytes buffer = SecretBytes::OfSize(kNfcGrowth * folded->size());
  size_t size = buffer.size();
  uint8_t* const normal = u8_normalize(UNINORM_NFC, folded->data(), folded->size(), buffer.data(), &size);
  if (normal != buffer.data()) std::abort();  // it fits: memory is short
  if (size > kMostBytes) return Refused("is longer than 1024 bytes");
  return SecretBytes::CopyOf(buffer.view().first(size));
}

}  // namespace labrec::pin
