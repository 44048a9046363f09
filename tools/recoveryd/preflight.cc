#include "tools/recoveryd/preflight.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "attestation/verify/ek/trust.h"
#include "hsm/base/clock.h"
#include "hsm/base/status_macros.h"
#include "hsm/open_device.h"
#include "recovery/realm/folder.h"
#include "recovery/server/admin/socket.h"
#include "recovery/server/tokens/jwks_file.h"
#include "recovery/server/tokens/jwks_url.h"
#include "recovery/server/transport/tls.h"
#include "recovery/server/transport/tls_key_hash.h"
#include "recovery/server/watch/certificate_watch.h"

namespace labrec::recoveryd {
namespace {

namespace fs = std::filesystem;

// Collects what is wrong.
class StartProblems {
 public:
  void Note(const std::string& where, const absl::Status& status) {
    if (!status.ok()) lines_.push_back(absl::StrCat(where, ": ", status.message()));
  }
  absl::Status As(absl::StatusCode code) const {
    return lines_.empty() ? absl::OkStatus() : absl::Status(code, absl::StrJoin(lines_, "\n"));
  }

 private:
  std::vector<std::string> lines_;
};

absl::Status CanWrite(const fs::path& path) {
  if (access(path.c_str(), R_OK | W_OK) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path.string(), ": cannot be read and written (",
                                                    std::strerror(errno),
                                                    "); see to its owner, its mode and its disk"));
}

absl::Status IsFile(const fs::path& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(), ": ", std::strerror(errno), "; bring it back from a backup"));
  }
  if (S_ISREG(found.st_mode)) return CanWrite(path);
  return absl::FailedPreconditionError(absl::StrCat(path.string(), ": is no file; move it away"));
}

absl::Status CheckRealm(const Config& config) {
  const recovery::RealmFolder folder(config.state);
  LABREC_ASSIGN_OR_RETURN(const recovery::RealmManifest manifest, folder.ReadManifest());
  LABREC_RETURN_IF_ERROR(CanWrite(folder.path()));
  LABREC_RETURN_IF_ERROR(folder.ReadDeviceAuth().status());
  if (manifest.anchor) LABREC_RETURN_IF_ERROR(folder.ReadAnchorAuth().status());
  if (config.store.in_folder()) LABREC_RETURN_IF_ERROR(IsFile(folder.LedgerPath()));
  if (std::error_code error; fs::exists(fs::symlink_status(folder.AuditPath(), error))) {
    return IsFile(folder.AuditPath());  // the start makes it where there is none
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckDevices(const Config& config) {
  StartProblems problems;
  if (config.device_uri) problems.Note("[device] uri", hsm::CheckAddress({*config.device_uri}));
  if (config.anchor_uri) problems.Note("[anchor] uri", hsm::CheckAddress({*config.anchor_uri}));
  return problems.As(absl::StatusCode::kInvalidArgument);
}

absl::Status CheckTokenKeys(const Config& config) {
  StartProblems problems;
  std::error_code ignored;
  if (config.tenants.empty() && !std::filesystem::exists(config.tenants_file, ignored)) {
    problems.Note("[tenants]", absl::InvalidArgumentError(absl::StrCat(
                                   "names no tenant; add [tenants.NAME] with jwks = \"FILE\", or one by "
                                   "\"labyrinth-admin tenant add --config ",
                                   config.file.string(), "\"")));
  }
  for (const recovery::TenantSettings& tenant : config.tenants) {
    const std::string section = absl::StrCat("[tenants.", tenant.keys.name, "] ");
    if (tenant.keys.jwks_url.empty()) {
      problems.Note(section + "jwks", recovery::JwksFile::Open(tenant.keys.jwks).status());
    } else {
      problems.Note(section + "jwks_url",
                    recovery::JwksUrl::Make({tenant.keys.jwks_url, tenant.keys.jwks_ca}).status());
    }
  }
  return problems.As(absl::StatusCode::kInvalidArgument);
}

absl::Status CheckFiles(const Config& config) {
  StartProblems problems;
  problems.Note("[realm] state", CheckRealm(config));
  if (config.listen.tls) {
    problems.Note("[listen] certificate, key", recovery::CheckTlsFiles(*config.listen.tls));
  }
  for (const fs::path& certificate : config.tls_certificates) {
    if (config.listen.tls && certificate == config.listen.tls->certificate) continue;
    problems.Note("[attestation] tls_certificates", recovery::TlsKeyHash(certificate).status());
  }
  if (!config.ek_intermediates.empty()) {
    problems.Note("[attestation] intermediates",
                  attestation::EkTrust::Load(config.ek_intermediates, {}).status());
  }
  problems.Note("[admin] socket", recovery::AdminSocket::Check(config.admin_socket));
  return problems.As(absl::StatusCode::kFailedPrecondition);
}

// What cannot be read CheckFiles names.
absl::Status CheckCertificates(const Config& config) {
  StartProblems problems;
  for (const fs::path& certificate : config.tls_certificates) {
    const bool own = config.listen.tls && certificate == config.listen.tls->certificate;
    const absl::Status good = recovery::CertificateWatch::Check(certificate, SystemClock());
    if (absl::IsFailedPrecondition(good)) {
      problems.Note(own ? "[listen] certificate" : "[attestation] tls_certificates", good);
    }
  }
  return problems.As(absl::StatusCode::kFailedPrecondition);
}

}  // namespace labrec::recoveryd
