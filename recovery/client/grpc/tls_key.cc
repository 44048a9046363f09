#include "recovery/client/grpc/tls_key.h"

#include <functional>
#include <vector>

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "hsm/base/openssl_ptr.h"

namespace labrec::recovery::client {
namespace {

using grpc::experimental::TlsCustomVerificationCheckRequest;

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

// Runs after OpenSSL has verified the certificate's issuers: the name, which gRPC then leaves to the
// verifier, and the key.
class KeyVerifier : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit KeyVerifier(const Digest& key_hash) : key_hash_(key_hash) {}

  bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    // The host name's verifier answers at once.
    if (!host_name_.Verify(request, nullptr, status)) {
      *status = grpc::Status(grpc::StatusCode::INTERNAL, "the host name was not checked");
      return true;
    }
    if (!status->ok()) return true;
    const absl::StatusOr<Digest> shown =
        TlsKeyHashOf(std::string(request->peer_cert().data(), request->peer_cert().size()));
    if (!shown.ok() || *shown != key_hash_) {
      *status = grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                             "it has another TLS key than the one that it proved itself on");
    }
    return true;
  }
  void Cancel(TlsCustomVerificationCheckRequest*) override {}

 private:
  const Digest key_hash_;
  grpc::experimental::HostNameCertificateVerifier host_name_;
};

}  // namespace

absl::StatusOr<Digest> TlsKeyHashOf(const std::string& certificate_pem) {
  const BioPtr bio(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  const X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  unsigned char* spki = nullptr;
  const int size =
      certificate == nullptr ? -1 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &spki);
  if (size <= 0) return absl::InvalidArgumentError("no certificate");
  const Digest hash = Sha256(ByteView(spki, static_cast<size_t>(size)));
  OPENSSL_free(spki);
  return hash;
}

std::shared_ptr<grpc::ChannelCredentials> PinnedTls(const std::string& ca_pem, const Digest& key_hash) {
  using namespace grpc::experimental;  // NOLINT: all of it is there
  TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<StaticDataCertificateProvider>(ca_pem, std::vector<IdentityKeyCertPair>()));
  options.watch_root_certs();
  options.set_certificate_verifier(ExternalCertificateVerifier::Create<KeyVerifier>(key_hash));
  options.set_check_call_host(false);
  return TlsCredentials(options);
}

}  // namespace labrec::recovery::client
