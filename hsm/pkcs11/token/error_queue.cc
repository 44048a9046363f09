#include "hsm/pkcs11/token/error_queue.h"

#include <openssl/err.h>

namespace labrec::hsm::pkcs11 {

ErrorQueueGuard::ErrorQueueGuard() {
  ERR_set_mark();
}

// With an empty queue there is nothing to mark, and all that is there now goes.
ErrorQueueGuard::~ErrorQueueGuard() {
  ERR_pop_to_mark();
}

}  // namespace labrec::hsm::pkcs11
