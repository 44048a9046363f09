#include "tests/support/tpm/tpm_proxy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/status/status.h"

#include "hsm/base/encoding.h"

namespace labrec::test {
namespace {

constexpr size_t kHeaderSize = 10;  // tag (2), size (4), code (4): TPM 2.0 part 1, 18.1
constexpr uint32_t kLargestMessage = 1U << 16;

sockaddr_un UnixAddress(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

int Listen(const std::filesystem::path& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = UnixAddress(path);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && listen(fd, 8) == 0)
    return fd;
  close(fd);
  return -1;
}

int Connect(const std::filesystem::path& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = UnixAddress(path);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

// True when `fd` can be read, false when the proxy ends.
bool WaitReadable(int fd, int stop) {
  std::array<pollfd, 2> waits = {pollfd{fd, POLLIN, 0}, pollfd{stop, POLLIN, 0}};
  while (poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
  }
  return waits[1].revents == 0;
}

bool ReadExactly(int fd, int stop, std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size()) {
    if (!WaitReadable(fd, stop)) return false;
    const ssize_t got = read(fd, out.data() + done, out.size() - done);
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

bool WriteAll(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t put = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return true;
}

// One TPM command or response; empty when the connection ended.
Bytes ReadMessage(int fd, int stop) {
  Bytes message(kHeaderSize);
  if (!ReadExactly(fd, stop, message)) return {};
  const uint32_t size = Reader(ByteView(message).subspan(2)).U32();
  if (size < kHeaderSize || size > kLargestMessage) return {};
  message.resize(size);
  if (!ReadExactly(fd, stop, std::span(message).subspan(kHeaderSize))) return {};
  return message;
}

// Behind the header and the size of the parameters; of a response that has none, the last byte.
void Alter(Bytes& response) {
  constexpr size_t kFirstParameterByte = kHeaderSize + 4 + 2;
  response[std::min(kFirstParameterByte, response.size() - 1)] ^= 0x01;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TpmProxy>> TpmProxy::Start(std::filesystem::path upstream, Judge judge) {
  std::unique_ptr<TpmProxy> proxy(new TpmProxy(std::move(upstream), std::move(judge)));
  proxy->stop_ = eventfd(0, EFD_CLOEXEC);
  proxy->data_listener_ = Listen(proxy->socket());
  proxy->control_listener_ = Listen(proxy->socket().string() + ".ctrl");
  if (proxy->stop_ < 0 || proxy->data_listener_ < 0 || proxy->control_listener_ < 0) {
    return absl::ErrnoToStatus(errno, "cannot listen for the TPM proxy");
  }
  proxy->data_thread_ = std::thread(&TpmProxy::ServeCommands, proxy.get());
  proxy->control_thread_ = std::thread(&TpmProxy::ServeControl, proxy.get());
  return proxy;
}

TpmProxy::TpmProxy(std::filesystem::path upstream, Judge judge)
    : upstream_(std::move(upstream)), judge_(std::move(judge)) {}

TpmProxy::~TpmProxy() {
  const uint64_t one = 1;
  if (stop_ >= 0 && write(stop_, &one, sizeof one) != sizeof one) std::abort();
  if (data_thread_.joinable()) data_thread_.join();
  if (control_thread_.joinable()) control_thread_.join();
  for (int fd : {stop_, data_listener_, control_listener_}) {
    if (fd >= 0) close(fd);
  }
}

void TpmProxy::ServeCommands() {
  while (WaitReadable(data_listener_, stop_)) {
    const int client = accept4(data_listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    RelayCommands(client);
    close(client);
  }
}

void TpmProxy::RelayCommands(int client) {
  int tpm = -1;
  while (RelayOne(client, tpm)) {
  }
  if (tpm >= 0) close(tpm);
}

// Connects only after the judge has spoken: swtpm serves one connection at a time, and the judge may use it.
bool TpmProxy::RelayOne(int client, int& tpm) {
  const Bytes command = ReadMessage(client, stop_);
  if (command.empty()) return false;
  const uint32_t code = Reader(ByteView(command).subspan(6)).U32();
  const Fate fate = judge_({code, commands_++, command});
  if (fate == Fate::kLoseCommand) return false;
  if (tpm < 0) tpm = Connect(upstream_);
  if (tpm < 0 || !WriteAll(tpm, command)) return false;
  Bytes response = ReadMessage(tpm, stop_);
  if (response.empty() || fate == Fate::kLoseReply) return false;
  if (fate == Fate::kAlterReply) Alter(response);
  return WriteAll(client, response);
}

void TpmProxy::ServeControl() {
  while (WaitReadable(control_listener_, stop_)) {
    const int client = accept4(control_listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    RelayBytes(client);
    close(client);
  }
}

void TpmProxy::RelayBytes(int client) {
  const int tpm = Connect(upstream_.string() + ".ctrl");
  if (tpm < 0) return;
  std::array<pollfd, 3> waits = {pollfd{client, POLLIN, 0}, pollfd{tpm, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
  std::array<uint8_t, 4096> buffer;
  for (bool open = true; open;) {
    if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) break;
    if (waits[2].revents != 0) break;
    for (auto [from, to] : {std::pair(0, 1), std::pair(1, 0)}) {
      if (waits[from].revents == 0) continue;
      const ssize_t got = read(waits[from].fd, buffer.data(), buffer.size());
      open = open && got > 0 && WriteAll(waits[to].fd, ByteView(buffer).first(static_cast<size_t>(got)));
      if (!open) break;
    }
  }
  close(tpm);
}

TpmProxy::Fate HardwareLatency(const TpmProxy::Command& command) {
  constexpr uint32_t kNvIncrement = 0x134;
  constexpr uint32_t kEcdhZGen = 0x154;
  constexpr uint32_t kHmac = 0x155;
  using std::chrono::milliseconds;
  const milliseconds latency = command.code == kEcdhZGen      ? milliseconds(30)
                               : command.code == kHmac        ? milliseconds(10)
                               : command.code == kNvIncrement ? milliseconds(25)
                                                              : milliseconds(0);
  std::this_thread::sleep_for(latency);
  return TpmProxy::Fate::kForward;
}

}  // namespace labrec::test
