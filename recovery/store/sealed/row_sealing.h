#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// A row under its own key, which seals once.
struct SealedRow {
  Bytes content;
  SecretBytes key;
};
SealedRow SealRow(const RowAddress& address, ByteView content);

// DATA_LOSS: it was not sealed so, for this address.
absl::StatusOr<Bytes> OpenRow(const RowAddress& address, ByteView sealed, ByteView key);

}  // namespace labrec::recovery
