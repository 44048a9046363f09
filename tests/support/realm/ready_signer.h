#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "hsm/base/ecdsa.h"
#include "hsm/base/openssl_ptr.h"

namespace labrec::test {

// ECDSA (FIPS 186-5, 6.4.1) with nonces made beforehand and used in turn, so that a signature costs a load's
// generator two multiplications of numbers and no curve arithmetic. Two signatures with one nonce give the
// key away: for keys that protect nothing. One thread.
class ReadySigner {
 public:
  ReadySigner(const EcdsaPrivateKey& key, size_t nonces);
  // r || s over SHA-256(message), 32 bytes each.
  std::array<uint8_t, 64> Sign(ByteView message);

 private:
  struct Nonce {
    std::array<uint8_t, 32> r;
    BnPtr inverse;    // k^-1 mod n
    BnPtr r_and_key;  // r * d mod n
  };

  BnPtr order_;
  BnCtxPtr scratch_;
  std::vector<Nonce> nonces_;
  size_t next_ = 0;
};

}  // namespace labrec::test
