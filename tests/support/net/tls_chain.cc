#include "tests/support/net/tls_chain.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tests/support/process/child_process.h"

namespace labrec::test {
namespace {

constexpr char kSteps[] = R"(
set -eu
names='subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
of_a_ca='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign'
of_a_server="basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
$names"
new_key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
root() {  # NAME SUBJECT
  openssl req -x509 $new_key -days 2 -subj "/CN=$2" -keyout "$1.key" -out "$1.pem"
}
sign() {  # NAME ISSUER EXTENSIONS, of NAME.csr
  printf '%s\n' "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.pem"
}
issued() {  # NAME ISSUER SUBJECT EXTENSIONS
  openssl req $new_key -subj "/CN=$3" -keyout "$1.key" -out "$1.csr"
  sign "$1" "$2" "$4"
}
case $1 in
  0)
    openssl req -x509 $new_key -days 2 -subj /CN=localhost -addext "$names" -keyout tls.key -out tls.pem
    cp tls.pem ca.pem ;;
  1)
    root ca 'Oslo realm CA'
    issued tls ca localhost "$names" ;;
  2)
    root ca 'Oslo realm CA'
    issued issuing ca 'Oslo issuing CA' "$of_a_ca"
    issued leaf issuing localhost "$of_a_server"
    cat leaf.pem issuing.pem >tls.pem
    mv leaf.key tls.key ;;
  3)
    root old 'Old root'
    root ca 'New root'
    openssl x509 -x509toreq -in ca.pem -signkey ca.key -out cross.csr
    sign cross old "$of_a_ca"
    issued issuing ca 'Issuing CA R3' "$of_a_ca"
    issued leaf issuing localhost "$of_a_server"
    cat leaf.pem issuing.pem cross.pem >tls.pem
    mv leaf.key tls.key ;;
esac
chmod 0600 tls.key
)";

}  // namespace

absl::Status MakeTlsChain(const std::filesystem::path& folder, TlsChain chain) {
  const std::filesystem::path log = folder / "openssl.log";
  LABREC_ASSIGN_OR_RETURN(
      auto steps, ChildProcess::Start({{"/bin/sh", "-c", absl::StrCat("cd '", folder.string(), "'\n", kSteps),
                                        "tls_chain", absl::StrCat(static_cast<int>(chain))},
                                       {},
                                       log}));
  LABREC_ASSIGN_OR_RETURN(const int status, steps->Wait(std::chrono::seconds(60)));
  if (status == 0) return absl::OkStatus();
  std::ifstream said(log);
  return absl::UnavailableError(
      absl::StrCat("openssl: ", std::string(std::istreambuf_iterator<char>(said), {})));
}

}  // namespace labrec::test
