#pragma once

namespace labrec::hsm::pkcs11 {

// Modules that link this process's OpenSSL (SoftHSM2 does) leave entries in the thread's error queue, where
// the next SSL_read would take them for its own. Drops what was added since this object was made.
class ErrorQueueGuard {
 public:
  ErrorQueueGuard();
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
  ~ErrorQueueGuard();
};

}  // namespace labrec::hsm::pkcs11
