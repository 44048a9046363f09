#include "recovery/labyrinth/message.h"

#include "hsm/base/aead.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/padding.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/base/secret_join.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr size_t kSaltSize = 16;
constexpr size_t kMostThreadKeys = 1024;

}  // namespace

SecretBytes MessageCipher::MessageKey(const std::string& thread, ByteView salt) {
  auto found = thread_keys_.find(thread);
  if (found == thread_keys_.end()) {
    if (thread_keys_.size() == kMostThreadKeys) thread_keys_.clear();
    found = thread_keys_.emplace(thread, epoch_.ThreadKey(thread)).first;
  }
  return Hkdf(found->second.view(), salt, Writer().Lp(kLabelMessageKey).bytes(), kAeadKeySize);
}

Bytes MessageCipher::Context(const StoredMessage& message) const {
  Writer writer = Bound(kLabelMessage, account_);
  writer.Lp(message.thread).Raw(message.id).U64(static_cast<uint64_t>(message.timestamp_ms));
  return writer.U64(epoch_.sequence()).Raw(epoch_.id()).bytes();
}

StoredMessage MessageCipher::Seal(std::string_view thread, const MessageId& id, int64_t timestamp_ms,
                                  ByteView text) {
  StoredMessage message{id, std::string(thread), timestamp_ms, {}};
  const Id salt = RandomId();
  const SecretBytes key = MessageKey(message.thread, salt);
  message.sealed = Writer().Raw(salt).Raw(AeadSeal(key.view(), Pad(text).view(), Context(message))).bytes();
  return message;
}

absl::StatusOr<SecretBytes> MessageCipher::Open(const StoredMessage& message) {
  if (message.sealed.size() < kSaltSize + kAeadOverhead || message.thread.size() > 0xffff) {
    return Damage(Reason::kMalformed, "a message is too short");
  }
  const ByteView sealed = message.sealed;
  const SecretBytes key = MessageKey(message.thread, sealed.first(kSaltSize));
  const auto padded = AeadOpen(key.view(), sealed.subspan(kSaltSize), Context(message));
  if (!padded.ok()) return Damage(Reason::kNotOpened, "message " + Hex(message.id) + " does not open");
  return Unpad(padded->view());
}

}  // namespace labrec::recovery::labyrinth
