// A library to be preloaded into a daemon: ends the process, as a power cut would, at a chosen durable step.
//
// A step is each write, truncation, sync, rename and removal of a file below CRASH_FOLDER, counted from 1 in
// the order of the calls. Environment:
//   CRASH_FOLDER   files below this folder count, others pass through untouched
//   CRASH_AT       the step at which the process gets SIGKILL; 0 or absent: never
//   CRASH_WHEN     "before" or "after" the step's system call (default "before")
//   CRASH_DROP     a seed: at the kill, each write since its file's last sync is kept or lost, as the seed
//   says:
//                  what a disk may do with a cache that lost power. Absent: all is kept
//   CRASH_LOG      a file that receives the number of steps reached when the process ends by itself
//
// Not modelled: a file system that loses a rename, removal or truncation, or tears one write in two.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// A write that its file's next sync has not made durable.
struct Pending {
  std::string path;
  off_t offset;
  std::vector<char> old_content;
  std::vector<char> new_content;
  off_t old_size;
};

class Crash {
 public:
  static Crash& Get() {
    static Crash* const crash = new Crash;  // never destroyed: writes go on during exit
    return *crash;
  }

  bool Watches(int fd, std::string& path) const {
    if (folder_.empty()) return false;
    char link[64];
    char target[4096];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(link, target, sizeof target - 1);
    if (size <= 0) return false;
    path.assign(target, static_cast<size_t>(size));
    return Watches(path);
  }
  bool Watches(const std::string& path) const {
    return !folder_.empty() && path.compare(0, folder_.size(), folder_) == 0;
  }

  // Runs one step. `call` makes the system call.
  template <typename Call>
  auto Step(const Call& call) {
    const std::lock_guard lock(mutex_);
    const long step = ++steps_;
    if (step == crash_at_ && !after_) Die();
    auto result = call(*this);
    if (step == crash_at_) Die();
    return result;
  }

  void Remember(int fd, const std::string& path, off_t offset, const void* data, size_t size) {
    if (!drop_) return;
    struct stat info {};
    if (fstat(fd, &info) != 0) return;
    const char* bytes = static_cast<const char*>(data);
    Pending pending{path, offset, std::vector<char>(size), std::vector<char>(bytes, bytes + size),
                    info.st_size};
    const int copy = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t got = copy < 0 ? 0 : pread(copy, pending.old_content.data(), size, offset);
    if (copy >= 0) close(copy);
    pending.old_content.resize(got > 0 ? static_cast<size_t>(got) : 0);
    pending_.push_back(std::move(pending));
  }

  void Synced(const std::string& path) {
    std::erase_if(pending_, [&](const Pending& pending) { return pending.path == path; });
  }
  void Renamed(const std::string& from, const std::string& to) {
    for (Pending& pending : pending_) {
      if (pending.path == from) pending.path = to;
    }
  }
  long steps() const { return steps_; }

 private:
  Crash() {
    const auto text = [](const char* name) {
      return std::string(getenv(name) == nullptr ? "" : getenv(name));
    };
    folder_ = text("CRASH_FOLDER");
    crash_at_ = std::atol(text("CRASH_AT").c_str());
    after_ = text("CRASH_WHEN") == "after";
    drop_ = getenv("CRASH_DROP") != nullptr;
    seed_ = static_cast<unsigned>(std::atol(text("CRASH_DROP").c_str()));
  }

  // What each file would hold had the disk kept only some of the writes since its last sync.
  void LosePower() {
    std::mt19937 random(seed_);
    std::map<std::string, std::vector<const Pending*>> files;
    for (const Pending& pending : pending_) files[pending.path].push_back(&pending);
    for (const auto& [path, writes] : files) {
      const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
      if (fd < 0) continue;
      for (auto write = writes.rbegin(); write != writes.rend(); ++write)
        Put(fd, (*write)->old_content, (*write)->offset);
      static const auto real_ftruncate = Real<int (*)(int, off_t)>("ftruncate");
      (void)!real_ftruncate(fd, writes.front()->old_size);
      for (const Pending* write : writes) {
        if (random() % 2 == 0) Put(fd, write->new_content, write->offset);
      }
      close(fd);
    }
  }

  static void Put(int fd, const std::vector<char>& content, off_t offset) {
    static const auto real_pwrite = Real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    if (!content.empty()) (void)!real_pwrite(fd, content.data(), content.size(), offset);
  }

  [[noreturn]] void Die() {
    LosePower();
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }

  std::mutex mutex_;
  std::string folder_;
  long crash_at_ = 0;
  bool after_ = false;
  bool drop_ = false;
  unsigned seed_ = 0;
  long steps_ = 0;
  std::vector<Pending> pending_;
};

struct ReportSteps {
  ~ReportSteps() {
    const char* log = getenv("CRASH_LOG");
    if (log == nullptr) return;
    if (FILE* file = std::fopen(log, "w")) {
      std::fprintf(file, "%ld\n", Crash::Get().steps());
      std::fclose(file);
    }
  }
};
const ReportSteps report_steps;

}  // namespace

extern "C" {

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  std::string path;
  if (!Crash::Get().Watches(fd, path)) return real(fd, data, size, offset);
  return Crash::Get().Step([&](Crash& crash) {
    crash.Remember(fd, path, offset, data, size);
    return real(fd, data, size, offset);
  });
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return pwrite(fd, data, size, offset);
}

ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t)>("write");
  std::string path;
  if (!Crash::Get().Watches(fd, path)) return real(fd, data, size);
  return Crash::Get().Step([&](Crash& crash) {
    const off_t offset = lseek(fd, 0, SEEK_CUR);
    if (offset >= 0) crash.Remember(fd, path, offset, data, size);
    return real(fd, data, size);
  });
}

int ftruncate(int fd, off_t size) {
  static const auto real = Real<int (*)(int, off_t)>("ftruncate");
  std::string path;
  if (!Crash::Get().Watches(fd, path)) return real(fd, size);
  return Crash::Get().Step([&](Crash& crash) {
    crash.Synced(path);
    return real(fd, size);
  });
}
int ftruncate64(int fd, off64_t size) {
  return ftruncate(fd, size);
}

int fsync(int fd) {
  static const auto real = Real<int (*)(int)>("fsync");
  std::string path;
  if (!Crash::Get().Watches(fd, path)) return real(fd);
  return Crash::Get().Step([&](Crash& crash) {
    crash.Synced(path);
    return real(fd);
  });
}

int fdatasync(int fd) {
  static const auto real = Real<int (*)(int)>("fdatasync");
  std::string path;
  if (!Crash::Get().Watches(fd, path)) return real(fd);
  return Crash::Get().Step([&](Crash& crash) {
    crash.Synced(path);
    return real(fd);
  });
}

int unlink(const char* path) {
  static const auto real = Real<int (*)(const char*)>("unlink");
  if (!Crash::Get().Watches(path)) return real(path);
  return Crash::Get().Step([&](Crash& crash) {
    crash.Synced(path);
    return real(path);
  });
}

int rename(const char* from, const char* to) {
  static const auto real = Real<int (*)(const char*, const char*)>("rename");
  if (!Crash::Get().Watches(to)) return real(from, to);
  return Crash::Get().Step([&](Crash& crash) {
    crash.Renamed(from, to);
    return real(from, to);
  });
}

}  // extern "C"
