#include "tests/fault/postgres/cutting_proxy.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace labrec::test {
namespace {

sockaddr_un AddressIn(const std::filesystem::path& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder / ".s.PGSQL.5432";
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

int NewSocket() {
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

}  // namespace

CuttingProxy::CuttingProxy(const std::filesystem::path& server_folder)
    : server_(server_folder), listener_(NewSocket()), stop_(eventfd(0, EFD_CLOEXEC)) {
  const sockaddr_un address = AddressIn(folder_.path());
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 16) != 0) {
    std::abort();
  }
  thread_ = std::thread([this] { Run(); });
}

CuttingProxy::~CuttingProxy() {
  const uint64_t one = 1;
  if (write(stop_, &one, sizeof one) < 0) std::abort();
  thread_.join();
  CloseAll();
  close(listener_);
  close(stop_);
}

void CuttingProxy::CutAfter(Way way, int64_t bytes) {
  left_[static_cast<int>(way)] = bytes;
}

void CuttingProxy::CloseAll() {
  for (const Pair& pair : pairs_) {
    close(pair.client);
    close(pair.server);
  }
  pairs_.clear();
}

void CuttingProxy::Accept() {
  Pair pair;
  pair.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  pair.server = NewSocket();
  const sockaddr_un address = AddressIn(server_);
  if (connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(pair.client);
    close(pair.server);
    return;
  }
  pairs_.push_back(pair);
}

bool CuttingProxy::Move(Pair& pair, Way way) {
  const bool up = way == Way::kToServer;
  std::array<char, 16384> buffer;
  const ssize_t got = recv(up ? pair.client : pair.server, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  if (swallows_) return true;
  auto size = static_cast<size_t>(got);
  if (!up && makes_up_backends_ && !pair.told) {
    // BackendKeyData: 'K', its length (12), the process number, the key to cancel it.
    constexpr std::string_view kKey("K\0\0\0\x0c", 5);
    const size_t at = std::string_view(buffer.data(), size).find(kKey);
    pair.told = at != std::string_view::npos;
    if (pair.told) buffer[at + 8] ^= 1;
  }
  std::atomic<int64_t>& left = left_[static_cast<int>(way)];
  const int64_t limit = left;
  const bool cut = limit >= 0 && static_cast<int64_t>(size) >= limit;
  if (cut) size = static_cast<size_t>(limit);
  const ssize_t put = size == 0 ? 0 : send(up ? pair.server : pair.client, buffer.data(), size, MSG_NOSIGNAL);
  if (cut) {
    left = -1;
    CloseAll();
    return true;
  }
  if (limit >= 0) left -= static_cast<int64_t>(size);
  return put == static_cast<ssize_t>(size);
}

void CuttingProxy::Run() {
  while (true) {
    std::vector<pollfd> watched = {{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      watched.push_back({pair.client, POLLIN, 0});
      watched.push_back({pair.server, POLLIN, 0});
    }
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0) return;
    // One at a time, as a cut ends them all.
    const auto ready =
        std::find_if(watched.begin() + 2, watched.end(), [](const pollfd& fd) { return fd.revents != 0; });
    if (ready != watched.end()) {
      const auto index = static_cast<size_t>(ready - watched.begin() - 2);
      if (!Move(pairs_[index / 2], index % 2 == 0 ? Way::kToServer : Way::kToClient)) {
        close(pairs_[index / 2].client);
        close(pairs_[index / 2].server);
        pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(index / 2));
      }
    } else if (watched[1].revents != 0) {
      Accept();
    }
  }
}

}  // namespace labrec::test
