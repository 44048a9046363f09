#include "tests/simulation/world/entropy.h"

#include <cstdlib>

#include <openssl/rand.h>
#include <sqlite3.h>
#include <sys/random.h>

#include "tests/simulation/world/universe.h"

namespace labrec::sim {
namespace {

void Draw(unsigned char* out, size_t size) {
  if (Universe* universe = Universe::Mine()) return universe->entropy().Fill({out, size});
  if (getrandom(out, size, 0) != static_cast<ssize_t>(size)) std::abort();
}

int Bytes(unsigned char* out, int size) {
  Draw(out, static_cast<size_t>(size));
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

int SqliteRandomness(sqlite3_vfs*, int size, char* out) {
  Draw(reinterpret_cast<unsigned char*>(out), static_cast<size_t>(size));
  return size;
}

}  // namespace

void TakeOverEntropy() {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // OpenSSL 3 wants a provider for this
  static const RAND_METHOD method = {Seed, Bytes, nullptr, Add, Bytes, Status};
  if (RAND_set_rand_method(&method) != 1) std::abort();
#pragma GCC diagnostic pop
  if (sqlite3_initialize() != SQLITE_OK) std::abort();
  sqlite3_vfs_find(nullptr)->xRandomness = SqliteRandomness;
}

void RestartEntropy() {
  sqlite3_randomness(0, nullptr);
}

}  // namespace labrec::sim
