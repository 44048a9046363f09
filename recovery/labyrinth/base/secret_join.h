#pragma once

#include <algorithm>
#include <initializer_list>

#include "hsm/base/secret_bytes.h"

namespace labrec::recovery::labyrinth {

// The parts one after the other: what Writer is for public bytes.
inline SecretBytes Join(std::initializer_list<ByteView> parts) {
  size_t size = 0;
  for (ByteView part : parts) size += part.size();
  SecretBytes joined = SecretBytes::OfSize(size);
  uint8_t* out = joined.data();
  for (ByteView part : parts) out = std::copy(part.begin(), part.end(), out);
  return joined;
}

}  // namespace labrec::recovery::labyrinth
