#include "recovery/server/transport/tls.h"

#include <memory>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/openssl_ptr.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/tls13.h"

namespace labrec::recovery {
namespace {

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

constexpr unsigned kReloadSeconds = 60;

BioPtr Memory(ByteView bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

}  // namespace

absl::Status CheckTlsFiles(const TlsFiles& files) {
  LABREC_ASSIGN_OR_RETURN(const Bytes chain, ReadFile(files.certificate));
  LABREC_ASSIGN_OR_RETURN(const SecretBytes key_pem, ReadSecretFile(files.private_key));
  const X509Ptr leaf(PEM_read_bio_X509(Memory(chain).get(), nullptr, nullptr, nullptr));
  if (!leaf) {
    return absl::FailedPreconditionError(
        absl::StrCat(files.certificate.string(), ": no PEM certificate that can be read"));
  }
  const PkeyPtr key(PEM_read_bio_PrivateKey(Memory(key_pem.view()).get(), nullptr, nullptr, nullptr));
  if (!key) {
    return absl::FailedPreconditionError(
        absl::StrCat(files.private_key.string(), ": no unencrypted PEM private key that can be read"));
  }
  if (X509_check_private_key(leaf.get(), key.get()) != 1) {
    return absl::FailedPreconditionError(absl::StrCat(files.private_key.string(), ": is not the key of ",
                                                      files.certificate.string(), "'s first certificate"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Tls13Credentials(const TlsFiles& files) {
  if (!IsTls13Required()) {
    return absl::FailedPreconditionError("TLS below 1.3 was not switched off at the start of the process");
  }
  LABREC_RETURN_IF_ERROR(CheckTlsFiles(files));
  const auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      files.private_key.string(), files.certificate.string(), kReloadSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace labrec::recovery
