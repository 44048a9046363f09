#include "hsm/pkcs11/token/error_queue.h"

#include <openssl/err.h>

namespace labrec::hsm::pkcs11 {

ErrorQueueGuard::ErrorQueueGuard() {
  ERR_set_mark();
}

// An empty queue has nothing to mark: everything that is there now goes.
ErrorQueueGuard::~ErrorQueueGuard() {
  ERR_pop_to_mark();
}

}  // namespace labrec::hsm::pkcs11
