#include "tests/simulation/world/entropy.h"

#include <cstdint>
#include <cstdlib>
#include <span>

#include <sqlite3.h>
#include <sys/random.h>

#include "tests/simulation/world/universe.h"
#include "tests/support/process/openssl_random.h"

namespace labrec::sim {
namespace {

void Draw(unsigned char* out, size_t size) {
  if (Universe* universe = Universe::Mine()) return universe->entropy().Fill({out, size});
  if (getrandom(out, size, 0) != static_cast<ssize_t>(size)) std::abort();
}

int SqliteRandomness(sqlite3_vfs*, int size, char* out) {
  Draw(reinterpret_cast<unsigned char*>(out), static_cast<size_t>(size));
  return size;
}

}  // namespace

void TakeOverEntropy() {
  test::TakeOverOpensslRandom([](std::span<uint8_t> out) { Draw(out.data(), out.size()); });
  if (sqlite3_initialize() != SQLITE_OK) std::abort();
  sqlite3_vfs_find(nullptr)->xRandomness = SqliteRandomness;
}

void RestartEntropy() {
  sqlite3_randomness(0, nullptr);
}

}  // namespace labrec::sim
