#pragma once

#include <map>

#include "recovery/labyrinth/base/account_name.h"
#include "recovery/labyrinth/base/message_store.h"
#include "recovery/labyrinth/epoch/epoch.h"

namespace labrec::recovery::labyrinth {

// Seals and opens the messages of one epoch. Keys of threads are derived, never stored; those in use are kept
// in memory, a bounded number. One thread at a time.
//
// sealed = salt (16) || nonce (12) || AES-256-GCM(HKDF(thread key, salt, "message_key"), padded text), bound
// to account, thread, message id, timestamp, and the epoch's sequence and id.
class MessageCipher {
 public:
  MessageCipher(const AccountName& account, const Epoch& epoch) : account_(account), epoch_(epoch.Clone()) {}

  StoredMessage Seal(std::string_view thread, const MessageId& id, int64_t timestamp_ms, ByteView text);
  // DATA_LOSS (kMalformed, kNotOpened) if anything is not as it was sealed.
  absl::StatusOr<SecretBytes> Open(const StoredMessage& message);

 private:
  SecretBytes MessageKey(const std::string& thread, ByteView salt);
  Bytes Context(const StoredMessage& message) const;

  AccountName account_;
  Epoch epoch_;
  std::map<std::string, SecretBytes> thread_keys_;
};

}  // namespace labrec::recovery::labyrinth
