#include "recovery/client/grpc/tls_failure.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "recovery/client/report/failure_kind.h"

namespace labrec::recovery::client {
namespace {

// Of OpenSSL where the chain does not lead to the list's certificates, and of gRPC's verifiers of the name
// and of the key.
constexpr std::string_view kTexts[] = {"certificate verify failed", "certificate_verify_failed",
                                       "is not in peer certificate", "verification check failed"};

}  // namespace

absl::Status WithTlsFailure(absl::Status status) {
  if (!absl::IsUnavailable(status)) return status;
  const std::string text = absl::AsciiStrToLower(status.message());
  const bool refused = std::any_of(std::begin(kTexts), std::end(kTexts), [&](std::string_view each) {
    return text.find(each) != std::string::npos;
  });
  if (!refused) return status;
  return Marked(FailureKind::kTlsMismatch,
                absl::PermissionDeniedError(absl::StrCat(
                    "its TLS certificate is not what the realm list allows (ca_certificate, server_name or "
                    "address), and nothing was sent: ",
                    status.message())));
}

}  // namespace labrec::recovery::client
