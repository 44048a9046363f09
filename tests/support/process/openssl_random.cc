#include "tests/support/process/openssl_random.h"

#include <cstdlib>
#include <utility>

#include <openssl/rand.h>

namespace labrec::test {
namespace {

std::function<void(std::span<uint8_t>)> source;

int Bytes(unsigned char* out, int size) {
  source({out, static_cast<size_t>(size)});
  return 1;
}
int Add(const void*, int, double) {
  return 1;
}
int Seed(const void*, int) {
  return 1;
}
int Status() {
  return 1;
}

}  // namespace

void TakeOverOpensslRandom(std::function<void(std::span<uint8_t>)> draw) {
  source = std::move(draw);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // OpenSSL 3 wants a provider for this
  static const RAND_METHOD method = {Seed, Bytes, nullptr, Add, Bytes, Status};
  if (RAND_set_rand_method(&method) != 1) std::abort();
#pragma GCC diagnostic pop
}

}  // namespace labrec::test
