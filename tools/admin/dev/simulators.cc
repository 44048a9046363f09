#include "tools/admin/dev/simulators.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::admin {
namespace {

namespace fs = std::filesystem;

constexpr char kModule[] = "/usr/lib/softhsm/libsofthsm2.so";
constexpr char kUserPin[] = "87654321";

// A Unix socket that listens, to be handed on; closed here afterwards.
class Listener {
 public:
  explicit Listener(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.string().size() >= sizeof address.sun_path) {
      errno = ENAMETOOLONG;
      return;
    }
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return;
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && listen(fd_, 8) == 0)
      return;
    close(fd_);
    fd_ = -1;
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

absl::Status Certify(const DevWorld& world, const fs::path& folder) {
  LABREC_RETURN_IF_ERROR(
      world.Run({.words = {"swtpm_setup", "--tpm2", "--tpmstate", folder / "tpm", "--config",
                           world.File("vendor") / "setup.conf", "--create-ek-cert"},
                 .log = folder / "setup.log"},
                "swtpm-tools"));
  const fs::path vendor = world.File("vendor");
  constexpr auto kReplace = fs::copy_options::overwrite_existing;
  std::error_code error;
  fs::copy_file(vendor / "swtpm-localca-rootca-cert.pem", vendor / "roots" / "root.pem", kReplace, error);
  if (!error) fs::copy_file(vendor / "issuercert.pem", vendor / "chain" / "issuer.pem", kReplace, error);
  if (!error) return absl::OkStatus();
  return absl::InternalError("swtpm_setup left no certificates in " + vendor.string());
}

}  // namespace

absl::StatusOr<Simulator> StartSwtpm(const DevWorld& world, const fs::path& folder) {
  fs::create_directories(folder / "tpm");
  if (world.options().ek_certificates) LABREC_RETURN_IF_ERROR(Certify(world, folder));
  const fs::path path = folder / "tpm.sock";
  const Listener server(path);
  const Listener control(path.string() + ".ctrl");  // where the swtpm TCTI looks for it
  if (server.fd() < 0 || control.fd() < 0) return absl::ErrnoToStatus(errno, "listening on " + path.string());
  Simulator simulator{.uri = "tpm2:swtpm:path=" + path.string(), .process = std::nullopt};
  LABREC_ASSIGN_OR_RETURN(
      Child swtpm,
      Child::Start({.words = {"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + (folder / "tpm").string(),
                              "--server", absl::StrCat("type=unixio,fd=", server.fd()), "--ctrl",
                              absl::StrCat("type=unixio,fd=", control.fd()), "--flags", "startup-clear"},
                    .log = folder / "swtpm.log",
                    .kept = {server.fd(), control.fd()}}));
  simulator.process.emplace(std::move(swtpm));
  return simulator;
}

fs::path SoftHsmConfiguration(const fs::path& folder) {
  return folder / "softhsm2.conf";
}

absl::StatusOr<Simulator> MakeSoftHsmToken(const DevWorld& world, const fs::path& folder) {
  fs::create_directories(folder / "token");
  const std::string configuration = absl::StrCat("directories.tokendir = ", (folder / "token").string(),
                                                 "\nobjectstore.backend = file\nlog.level = ERROR\n");
  LABREC_RETURN_IF_ERROR(WriteNew(SoftHsmConfiguration(folder), configuration));
  const fs::path pin = folder / "user.pin";
  LABREC_RETURN_IF_ERROR(WriteNew(pin, kUserPin));
  LABREC_RETURN_IF_ERROR(world.Run({.words = {"softhsm2-util", "--init-token", "--free", "--label", "realm",
                                              "--so-pin", "12345678", "--pin", kUserPin},
                                    .environment = {{"SOFTHSM2_CONF", SoftHsmConfiguration(folder)}},
                                    .log = folder / "softhsm2.log"},
                                   "softhsm2"));
  return Simulator{
      .uri = absl::StrCat("pkcs11:token=realm?module-path=", kModule, "&pin-source=file:", pin.string()),
      .process = std::nullopt};
}

absl::Status MakeVendor(const DevWorld& world) {
  const fs::path vendor = world.File("vendor");
  for (const char* const folder : {"roots", "chain"}) fs::create_directories(vendor / folder);
  const std::string at = vendor.string();
  const std::string authority =
      absl::StrCat("statedir = ", at, "\nsigningkey = ", at, "/signkey.pem\nissuercert = ", at,
                   "/issuercert.pem\ncertserial = ", at, "/certserial\n");
  const std::string setup =
      absl::StrCat("create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = ", at,
                   "/localca.conf\ncreate_certs_tool_options = ", at, "/localca.options\n");
  LABREC_RETURN_IF_ERROR(WriteNew(vendor / "localca.conf", authority));
  LABREC_RETURN_IF_ERROR(WriteNew(vendor / "localca.options", "\n"));
  return WriteNew(vendor / "setup.conf", setup);
}

}  // namespace labrec::admin
