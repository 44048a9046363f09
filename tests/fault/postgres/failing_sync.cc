// Preloaded into a PostgreSQL server under test: while the file that FAILING_SYNC_FLAG names is there, every
// sync of a file fails with EIO, as of a disk that cannot write.
#include <cerrno>
#include <cstdlib>

#include <dlfcn.h>
#include <unistd.h>

namespace {

bool Fails() {
  const char* const flag = std::getenv("FAILING_SYNC_FLAG");
  return flag != nullptr && access(flag, F_OK) == 0;
}

using Sync = int (*)(int);

int Do(const char* name, int fd) {
  if (Fails()) {
    errno = EIO;
    return -1;
  }
  return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(fd);
}

}  // namespace

extern "C" int fsync(int fd) {
  return Do("fsync", fd);
}

extern "C" int fdatasync(int fd) {
  return Do("fdatasync", fd);
}
