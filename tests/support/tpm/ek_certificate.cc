#include "tests/support/tpm/ek_certificate.h"

#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/tpmt_public.h"
#include "tests/support/tpm/local_ca.h"
#include "tests/support/tpm/tpm_tools.h"

namespace labrec::test {
namespace {

constexpr size_t kPadding = 100;

}  // namespace

absl::Status GiveEkCertificate(const Swtpm& tpm, EkKind kind, EkPlace place) {
  const TpmTools tools(tpm);
  const std::string algorithm = kind == EkKind::kRsa2048 ? "rsa" : "ecc";
  const std::string index = kind == EkKind::kRsa2048 ? "0x01c00002" : "0x01c0000a";
  const std::string where = place == EkPlace::kPersistent ? "0x81010001" : "ek.ctx";
  LABREC_RETURN_IF_ERROR(tools.Run(absl::StrCat("createek -c ", where, " -u ek.pub -G ", algorithm)));
  LABREC_ASSIGN_OR_RETURN(const auto ek, tpm::TpmtPublic::ParseSized(tools.Read("ek.pub")));
  LABREC_ASSIGN_OR_RETURN(Bytes certificate, LocalCa::Instance().Certify(ek));
  certificate.resize(certificate.size() + kPadding, 0xFF);
  tools.Write("certificate", certificate);
  LABREC_RETURN_IF_ERROR(tools.Run(absl::StrCat("nvdefine ", index, " -C o -s ", certificate.size(),
                                                " -a ownerread|ownerwrite|authread|no_da")));
  return tools.Run(absl::StrCat("nvwrite ", index, " -C o -i certificate"));
}

}  // namespace labrec::test
