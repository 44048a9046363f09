#pragma once

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::pin {

// expand_message_xmd with SHA-256 (RFC 9380, section 5.3.1): `length` bytes, 1 to 8160, uniform if the
// message is unguessable. `dst` is the domain separation tag, not empty; one over 255 bytes is hashed
// (section 5.3.3). Aborts on another length or an empty tag. Any thread.
SecretBytes ExpandMessageXmd(ByteView message, ByteView dst, size_t length);

}  // namespace labrec::pin
