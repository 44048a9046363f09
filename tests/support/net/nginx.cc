#include "tests/support/net/nginx.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/net/loopback.h"

namespace labrec::test {
namespace {

constexpr char kShipped[] = LABREC_SOURCE_DIR "/tools/recoveryd/nginx/labyrinth-recoveryd.conf";
constexpr std::chrono::seconds kReadyWithin{20};
constexpr std::chrono::milliseconds kPollEvery{5};

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// What an operator changes by hand.
void Change(std::string& text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  if (at == std::string::npos) {
    std::cerr << kShipped << " has no " << from << "\n";
    std::abort();
  }
  for (; at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

bool Listens(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool listens = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return listens;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Nginx>> Nginx::Start(const Realm& realm) {
  std::unique_ptr<Nginx> nginx(new Nginx());
  LABREC_ASSIGN_OR_RETURN(nginx->port_, FreePort());
  LABREC_RETURN_IF_ERROR(nginx->WriteConfiguration(realm));
  const std::string path = absl::StrCat(std::getenv("PATH"), ":/usr/sbin");  // where Debian has it
  LABREC_ASSIGN_OR_RETURN(nginx->process_, ChildProcess::Start({{"env", absl::StrCat("PATH=", path), "nginx",
                                                                 "-p", nginx->folder_.path().string(), "-c",
                                                                 "nginx.conf", "-e", "stderr"},
                                                                {},
                                                                nginx->folder_.path() / "log"}));
  LABREC_RETURN_IF_ERROR(nginx->WaitUntilReady());
  return nginx;
}

absl::Status Nginx::WriteConfiguration(const Realm& realm) {
  std::string shipped = Content(kShipped);
  Change(shipped, "server 127.0.0.1:7444", absl::StrCat("server ", realm.address));
  Change(shipped, "listen 7443", absl::StrCat("listen 127.0.0.1:", port_));
  Change(shipped, "listen [::]:7443", absl::StrCat("listen [::1]:", port_));
  Change(shipped, "/etc/labyrinth/tls.pem", realm.certificate);
  Change(shipped, "/etc/labyrinth/ca.pem", realm.root);
  Change(shipped, "/etc/labyrinth/tls.key", realm.key);
  Change(shipped, "realm.example", realm.name);
  if (!realm.web_address.empty()) {
    Change(shipped, "unix:/run/labyrinth/web", realm.web_address);
    Change(shipped, "https://chat.example", realm.page);
  }
  if (!realm.client_timeout.empty()) {
    Change(shipped, "client_header_timeout 10s",
           absl::StrCat("client_header_timeout ", realm.client_timeout));
    Change(shipped, "client_body_timeout 10s", absl::StrCat("client_body_timeout ", realm.client_timeout));
  }
  if (realm.for_load) {
    Change(shipped, "rate=100r/s", "rate=1000000r/s");
    Change(shipped, "keepalive_requests 1000;", "keepalive_requests 1000000000;");
  }
  std::ofstream(folder_.path() / "labyrinth-recoveryd.conf") << shipped;
  std::ofstream whole(folder_.path() / "nginx.conf");
  whole << "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr info;\n"
           "events { worker_connections 512; }\nhttp {\n  access_log off;\n";
  for (const char* const kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    whole << "  " << kind << "_temp_path " << kind << ";\n";
  }
  whole << "  include labyrinth-recoveryd.conf;\n}\n";
  whole.close();
  return whole.good() ? absl::OkStatus() : absl::UnavailableError("cannot write nginx.conf");
}

absl::Status Nginx::WaitUntilReady() {
  const auto deadline = std::chrono::steady_clock::now() + kReadyWithin;
  while (process_->Running() && std::chrono::steady_clock::now() < deadline) {
    if (Listens(port_)) return absl::OkStatus();
    std::this_thread::sleep_for(kPollEvery);
  }
  return absl::UnavailableError(absl::StrCat("nginx does not start: ", Log()));
}

std::string Nginx::Log() const {
  return Content(folder_.path() / "log");
}

}  // namespace labrec::test
