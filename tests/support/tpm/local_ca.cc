#include "tests/support/tpm/local_ca.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"
#include "tests/support/tpm/tpm_tools.h"

namespace labrec::test {
namespace {

namespace fs = std::filesystem;

std::string KeyParameter(const tpm::TpmtPublic& ek) {
  if (ek.type == tpm::kAlgRsa) return Hex(ek.modulus);
  const char* curve = ek.curve == tpm::kCurveP256 ? "secp256r1" : "secp384r1";
  return absl::StrCat("x=", Hex(ek.x), ",y=", Hex(ek.y), ",id=", curve);
}

// The one certificate in the file, as DER.
absl::StatusOr<Bytes> OnlyCertificate(const fs::path& path) {
  const TemporaryFolder alone;
  std::error_code error;
  fs::copy_file(path, alone.path() / "one.pem", error);
  if (error) return absl::NotFoundError(path.string());
  LABREC_ASSIGN_OR_RETURN(attestation::EkTrust loaded, attestation::EkTrust::Load(alone.path(), {}));
  return loaded.anchors.front();
}

}  // namespace

LocalCa& LocalCa::Instance() {
  static LocalCa instance;
  return instance;
}

LocalCa::LocalCa() {
  const std::string folder = folder_.path().string();
  fs::create_directories(folder_.path() / "state");
  std::ofstream(folder_.path() / "ca.conf")
      << "statedir = " << folder << "/state\nsigningkey = " << folder
      << "/state/signkey.pem\nissuercert = " << folder << "/state/issuercert.pem\ncertserial = " << folder
      << "/state/certserial\n";
  std::ofstream(folder_.path() / "ca.options").flush();
}

absl::StatusOr<Bytes> LocalCa::Certify(const tpm::TpmtPublic& ek) {
  LABREC_RETURN_IF_ERROR(RunProgram({"swtpm_localca",
                                     "--type",
                                     "ek",
                                     "--ek",
                                     KeyParameter(ek),
                                     "--dir",
                                     folder_.path(),
                                     "--vmid",
                                     "test",
                                     "--tpm2",
                                     "--configfile",
                                     folder_.path() / "ca.conf",
                                     "--optsfile",
                                     folder_.path() / "ca.options",
                                     "--tpm-spec-family",
                                     "2.0",
                                     "--tpm-spec-level",
                                     "0",
                                     "--tpm-spec-revision",
                                     "164",
                                     "--tpm-manufacturer",
                                     "id:00001014",
                                     "--tpm-model",
                                     "swtpm",
                                     "--tpm-version",
                                     "id:20191023"},
                                    folder_.path(), {}));
  return ReadFile(folder_.path() / "ek.cert");
}

absl::StatusOr<Bytes> LocalCa::Issuer() const {
  return OnlyCertificate(folder_.path() / "state" / "issuercert.pem");
}

absl::StatusOr<attestation::EkTrust> LocalCa::Trust() const {
  LABREC_ASSIGN_OR_RETURN(Bytes root,
                          OnlyCertificate(folder_.path() / "state" / "swtpm-localca-rootca-cert.pem"));
  attestation::EkTrust trust;
  trust.anchors.push_back(std::move(root));
  return trust;
}

}  // namespace labrec::test
