#include "tests/support/net/test_certificate.h"

#include <cstdlib>
#include <iostream>
#include <memory>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "hsm/base/file.h"
#include "hsm/base/openssl_ptr.h"

namespace labrec::test {
namespace {

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>>;

void Must(bool done, const char* what) {
  if (done) return;
  std::cerr << "cannot make a test certificate: " << what << "\n";
  std::abort();
}

std::string Text(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

void Extend(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  Must(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

X509Ptr SelfSigned(EVP_PKEY* key, std::chrono::seconds left) {
  X509Ptr certificate(X509_new());
  constexpr long kDay = 24L * 3600;
  X509* const x = certificate.get();
  Must(X509_set_version(x, X509_VERSION_3) == 1, "version");
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(x), left.count());
  X509_NAME* const name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                             -1, -1, 0);
  X509_set_issuer_name(x, name);
  X509_set_pubkey(x, key);
  Extend(x, NID_basic_constraints, "critical,CA:TRUE");
  Extend(x, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  Must(X509_sign(x, key, EVP_sha256()) > 0, "signature");
  return certificate;
}

}  // namespace

TestCertificate::TestCertificate(std::chrono::hours left) {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  Must(key != nullptr, "key");
  const X509Ptr certificate = SelfSigned(key.get(), left);
  const BioPtr certificate_text(BIO_new(BIO_s_mem()));
  const BioPtr key_text(BIO_new(BIO_s_mem()));
  Must(PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1, "PEM");
  Must(PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
       "PEM");
  certificate_pem_ = Text(certificate_text.get());
  key_pem_ = Text(key_text.get());
  Must(WriteFile(certificate_file(), AsBytes(certificate_pem_), 0644, Overwrite::kReplace).ok(), "file");
  Must(WriteFile(key_file(), AsBytes(key_pem_), 0600, Overwrite::kReplace).ok(), "file");
}

}  // namespace labrec::test
