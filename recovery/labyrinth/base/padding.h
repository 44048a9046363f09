#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"

namespace labrec::recovery::labyrinth {

// The size that a message of `text_size` bytes is padded to: one byte more, at least 10, rounded up by Padmé
// (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PETS 2019,
// section 4): at most 12 % more, and only O(log log n) bits of the length show.
size_t PaddedSize(size_t text_size);

// text || 80 || 00...00 (ISO/IEC 7816-4).
SecretBytes Pad(ByteView text);
// DATA_LOSS (kMalformed) if the padding is not exactly what Pad writes.
absl::StatusOr<SecretBytes> Unpad(ByteView padded);

}  // namespace labrec::recovery::labyrinth
