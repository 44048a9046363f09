// What a mailbox's client reads from a store that nobody trusts, from another device, from a person and from
// its own files. The first byte says what the rest is, and whether it stands alone or is laid over a good
// one: then each three bytes are a position and what is written there. What is taken is written again as it
// was.

#include <cstdlib>

#include "recovery/labyrinth/code/recovery_code.h"
#include "recovery/labyrinth/epoch/opening_record.h"
#include "recovery/labyrinth/joining.h"

namespace {

using namespace labrec;
using namespace labrec::recovery::labyrinth;

enum Kind : uint8_t { kOpeningRecord, kMember, kJoinRequest, kPendingDevice, kRecoveryCode, kKinds };

void Require(bool holds) {
  if (!holds) std::abort();
}

const AccountName& Account() {
  static const auto* const account = new AccountName{"chat", "alice"};
  return *account;
}

const PendingDevice& Device() {
  static const auto* const device = [] {
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    return new PendingDevice(*PendingDevice::Make(Account(), signer));
  }();
  return *device;
}

// One that is taken.
Bytes Good(uint8_t kind) {
  switch (kind) {
    case kOpeningRecord: {
      OpeningRecord record;
      record.sequence = 1;
      record.opener = Device().self.id;
      record.members = {LineOf(Device().self)};
      return record.Encode(Account());
    }
    case kMember:
      return Device().self.Encode();
    case kJoinRequest:
      return ToBytes(Device().Request().Serialize().view());
    case kPendingDevice:
      return ToBytes(Device().Serialize().view());
    default:
      return ToBytes(RecoveryCode::Generate(RecoveryCode::kForPin).Grouped().view());
  }
}

Bytes LaidOver(uint8_t kind, ByteView changes) {
  Bytes text = Good(kind);
  for (size_t at = 0; at + 3 <= changes.size(); at += 3) {
    const size_t position = (size_t{changes[at]} << 8U | changes[at + 1]) % text.size();
    text[position] = changes[at + 2];
  }
  if (changes.size() % 3 == 1) text.pop_back();
  if (changes.size() % 3 == 2) text.push_back(0);
  return text;
}

void Read(uint8_t kind, const Bytes& text) {
  switch (kind) {
    case kOpeningRecord:
      if (const auto read = OpeningRecord::Parse(Account(), text); read.ok())
        Require(read->Encode(Account()) == text);
      break;
    case kMember:
      if (const auto read = ParseMember(text); read.ok()) Require(read->Encode() == text);
      break;
    case kJoinRequest:
      if (const auto read = JoinRequest::Parse(text); read.ok()) {
        Require(SameBytes(read->Serialize().view(), text) &&
                CheckSignatures(read->account, read->member).ok());
      }
      break;
    case kPendingDevice:
      if (const auto read = PendingDevice::Parse(text); read.ok())
        Require(SameBytes(read->Serialize().view(), text));
      break;
    default:
      // Typed as it is shown, it is the same code.
      if (const auto read = RecoveryCode::Parse(text); read.ok()) {
        const auto again = RecoveryCode::Parse(read->Grouped().view());
        Require(again.ok() && SameBytes(again->text().view(), read->text().view()));
      }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t kind = data[0] / 2 % kKinds;
  const ByteView rest(data + 1, size - 1);
  Read(kind, data[0] % 2 == 0 ? Bytes(rest.begin(), rest.end()) : LaidOver(kind, rest));
  return 0;
}
