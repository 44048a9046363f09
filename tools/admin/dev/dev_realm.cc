#include "tools/admin/dev/dev_realm.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <arpa/inet.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "hsm/base/status_macros.h"

namespace labrec::admin {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, kMostDevRealms> kNames = {"oslo", "porto", "quito", "hanoi", "accra",
                                                            "riga", "lima",  "dakar", "turin"};
constexpr char kPackage[] = "openssl";
constexpr std::chrono::seconds kServesWithin{60};

// A port of the loopback that nobody listens on.
absl::StatusOr<int> FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!bound) return absl::ErrnoToStatus(error, "looking for a free port");
  return ntohs(address.sin_port);
}

std::map<std::string, std::string> Environment(const fs::path& folder) {
  std::map<std::string, std::string> environment = {{"SOFTHSM2_CONF", SoftHsmConfiguration(folder)}};
  if (getenv("TSS2_LOG") == nullptr) environment["TSS2_LOG"] = "all+none";
  return environment;
}

absl::Status MakeCertificate(const DevWorld& world, const fs::path& folder) {
  LABREC_RETURN_IF_ERROR(WriteNew(folder / "names.ext", "subjectAltName=DNS:localhost,IP:127.0.0.1\n"));
  LABREC_RETURN_IF_ERROR(world.Run(
      {.words = {"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                 "/CN=localhost", "-keyout", folder / "tls.key", "-out", folder / "tls.csr"},
       .log = folder / "openssl.log"},
      kPackage));
  return world.Run({.words = {"openssl", "x509", "-req", "-in", folder / "tls.csr", "-CA",
                              world.File("ca.pem"), "-CAkey", world.File("ca.key"), "-CAcreateserial",
                              "-days", "30", "-extfile", folder / "names.ext", "-out", folder / "tls.pem"},
                    .log = folder / "openssl.log"},
                   kPackage);
}

absl::StatusOr<std::string> MakeRealm(const DevWorld& world, const DevRealm& realm) {
  const fs::path made = realm.folder / "realm.json";
  LABREC_RETURN_IF_ERROR(
      world.Run({.words = {fs::read_symlink("/proc/self/exe"), "realm", "init", "--device", realm.device,
                           "--state", realm.folder / "state", "--name", realm.name, "--json"},
                 .environment = Environment(realm.folder),
                 .log = realm.folder / "init.log",
                 .output = made},
                "labyrinth-tools"));
  std::ifstream file(made);
  const nlohmann::json document = nlohmann::json::parse(file, nullptr, false);
  if (!document.is_object() || !document.contains("realm_id")) {
    return absl::InternalError("realm init printed no realm id: " + EndOf(realm.folder / "init.log"));
  }
  return document["realm_id"].get<std::string>();
}

// Calls of a test are as many as it likes, and nothing waits between guesses.
std::string Configuration(const DevWorld& world, const DevRealm& realm) {
  const DevOptions& options = world.options();
  std::string text = absl::StrCat(
      "[realm]\nstate = \"", (realm.folder / "state").string(), "\"\n\n[listen]\naddress = \"", realm.address,
      "\"\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\n\n[admin]\nsocket = \"",
      (realm.folder / "admin.sock").string(), "\"\n\n[tenants.", options.tenant, "]\njwks = \"",
      world.File("tenant.jwks").string(), "\"\n\n[policy]\nfirst_device = \"", options.first_device,
      "\"\ndelays_seconds = []\n\n[limits]\naccount_per_minute = 0\ntenant_per_second = 0\n");
  if (!realm.web.empty()) {
    absl::StrAppend(&text, "\n[web]\naddress = \"", realm.web, "\"\norigins = [\"",
                    absl::StrJoin(options.origins, "\", \""), "\"]\n");
  }
  if (options.ek_certificates) {
    absl::StrAppend(&text, "\n[attestation]\nintermediates = \"", (world.File("vendor") / "chain").string(),
                    "\"\n");
  }
  return text;
}

// Where the daemon says that it serves: sd_notify(3).
class ReadySocket {
 public:
  static absl::StatusOr<ReadySocket> Bind(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.string().size() >= sizeof address.sun_path) {
      return absl::InvalidArgumentError(path.string() +
                                        " is too long for a Unix socket: choose a shorter --folder");
    }
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ReadySocket ready(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (ready.fd_ < 0 || bind(ready.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return absl::ErrnoToStatus(errno, "binding " + path.string());
    }
    return ready;
  }
  ReadySocket(ReadySocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ReadySocket& operator=(ReadySocket&&) = delete;
  ~ReadySocket() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }
  bool SaysReady() const {
    std::array<char, 4096> bytes{};
    const ssize_t size = recv(fd_, bytes.data(), bytes.size(), 0);
    return size > 0 && ("\n" + std::string(bytes.data(), static_cast<size_t>(size))).find("\nREADY=1") !=
                           std::string::npos;
  }

 private:
  explicit ReadySocket(int fd) : fd_(fd) {}
  int fd_;
};

absl::StatusOr<Child> StartDaemon(const DevWorld& world, const DevRealm& realm) {
  const fs::path ready_path = realm.folder / "ready.sock";
  LABREC_ASSIGN_OR_RETURN(const ReadySocket ready, ReadySocket::Bind(ready_path));
  auto environment = Environment(realm.folder);
  environment["NOTIFY_SOCKET"] = ready_path;
  const fs::path log = realm.folder / "recoveryd.log";
  LABREC_ASSIGN_OR_RETURN(
      Child daemon,
      Child::Start({.words = {Neighbour("labyrinth-recoveryd"), "--config", realm.folder / "recoveryd.toml"},
                    .environment = environment,
                    .log = log}));
  const std::array<int, 2> both = {ready.fd(), daemon.ended()};
  for (;;) {
    LABREC_ASSIGN_OR_RETURN(const size_t which, world.stopping().Await(both, kServesWithin));
    if (which == 0 && ready.SaysReady()) return daemon;
    if (which != 1) continue;
    const std::string why = EndOf(log);
    return absl::InternalError(
        why.empty() ? "labyrinth-recoveryd cannot be run: install Debian's package of that name"
                    : absl::StrCat("realm ", realm.name, " did not start: ", why));
  }
}

}  // namespace

absl::Status MakeCertificateAuthority(const DevWorld& world) {
  return world.Run(
      {.words = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-days", "30", "-subj", "/CN=labyrinth-admin dev", "-keyout", world.File("ca.key"), "-out",
                 world.File("ca.pem")},
       .log = world.File("openssl.log")},
      kPackage);
}

std::string DeviceKind(const DevOptions& options, size_t number) {
  if (options.device != "both") return options.device;
  return number == 2 ? "softhsm2" : "swtpm";
}

absl::StatusOr<DevRealm> StartRealm(const DevWorld& world, size_t number, const Simulator& simulator) {
  const fs::path folder = world.File(absl::StrCat("realm", number + 1));
  LABREC_ASSIGN_OR_RETURN(const int port, FreePort());
  DevRealm realm{.name = kNames.at(number),
                 .id = "",
                 .device = simulator.uri,
                 .address = absl::StrCat("127.0.0.1:", port),
                 .web = world.options().origins.empty() ? "" : "unix:" + (folder / "web.sock").string(),
                 .folder = folder,
                 .daemon = std::nullopt};
  LABREC_ASSIGN_OR_RETURN(realm.id, MakeRealm(world, realm));
  LABREC_RETURN_IF_ERROR(MakeCertificate(world, folder));
  LABREC_RETURN_IF_ERROR(WriteNew(folder / "recoveryd.toml", Configuration(world, realm)));
  LABREC_ASSIGN_OR_RETURN(Child daemon, StartDaemon(world, realm));
  realm.daemon.emplace(std::move(daemon));
  return realm;
}

}  // namespace labrec::admin
