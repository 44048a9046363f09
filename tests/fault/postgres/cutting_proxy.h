#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <thread>
#include <vector>

#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// Stands between clients and a PostgreSQL server on Unix sockets, and cuts what goes through it.
class CuttingProxy {
 public:
  explicit CuttingProxy(const std::filesystem::path& server_folder);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  std::filesystem::path folder() const { return folder_.path(); }

  enum class Way { kToServer, kToClient };
  // After so many bytes more that way, of all connections together, all are closed on both sides; those made
  // later are whole.
  void CutAfter(Way way, int64_t bytes);
  // From now on what is sent either way is lost, and nobody learns of it: a network that has become a hole.
  void SwallowAll() { swallows_ = true; }
  // Each session is told another process number than its backend's, as a pooler's clients are.
  void MakeUpBackends() { makes_up_backends_ = true; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    bool told = false;  // its backend's number has gone through
  };
  void Run();
  void Accept();
  bool Move(Pair& pair, Way way);  // false: this connection has ended
  void CloseAll();

  const TemporaryFolder folder_;
  const std::filesystem::path server_;
  int listener_ = -1;
  int stop_ = -1;  // an eventfd
  std::vector<Pair> pairs_;
  std::atomic<int64_t> left_[2] = {-1, -1};  // negative: no limit
  std::atomic<bool> makes_up_backends_ = false;
  std::atomic<bool> swallows_ = false;
  std::thread thread_;
};

}  // namespace labrec::test
