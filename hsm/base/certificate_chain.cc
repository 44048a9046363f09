#include "hsm/base/certificate_chain.h"

#include <algorithm>
#include <ctime>
#include <limits>
#include <memory>
#include <vector>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "hsm/base/openssl_ptr.h"
#include "hsm/base/status_macros.h"

namespace labrec {
namespace {

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using StorePtr = std::unique_ptr<X509_STORE, OpensslFree<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, OpensslFree<X509_STORE_CTX_free>>;

void FreeStack(STACK_OF(X509) * stack) {
  sk_X509_free(stack);  // the certificates are not its own
}
using StackPtr = std::unique_ptr<STACK_OF(X509), OpensslFree<FreeStack>>;

absl::StatusOr<std::vector<X509Ptr>> Read(ByteView pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<X509Ptr> certificates;
  while (X509Ptr each{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    certificates.push_back(std::move(each));
  }
  ERR_clear_error();  // that no other follows
  if (certificates.empty()) return absl::InvalidArgumentError("no PEM certificate that can be read");
  return certificates;
}

bool Expect(X509_STORE_CTX* context, const std::string& name) {
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context);
  return X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1 ||
         X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size()) == 1;
}

}  // namespace

absl::StatusOr<int64_t> EarliestExpiryMs(ByteView pem) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<X509Ptr> certificates, Read(pem));
  int64_t earliest = std::numeric_limits<int64_t>::max();
  for (const X509Ptr& certificate : certificates) {
    tm end{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) {
      return absl::InvalidArgumentError("a certificate whose end is no time");
    }
    earliest = std::min(earliest, int64_t{timegm(&end)} * 1000);
  }
  return earliest;
}

absl::Status CheckChain(ByteView chain, ByteView roots, const std::string& name) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<X509Ptr> shown, Read(chain));
  LABREC_ASSIGN_OR_RETURN(const std::vector<X509Ptr> trusted, Read(roots));
  const StorePtr store(X509_STORE_new());
  for (const X509Ptr& root : trusted) X509_STORE_add_cert(store.get(), root.get());
  const StackPtr between(sk_X509_new_null());
  for (const X509Ptr& each : shown) sk_X509_push(between.get(), each.get());
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), shown.front().get(), between.get()) != 1 ||
      X509_STORE_CTX_set_default(context.get(), "ssl_server") != 1 || !Expect(context.get(), name)) {
    return absl::InvalidArgumentError("cannot be checked");
  }
  const bool good = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (good) return absl::OkStatus();
  return absl::FailedPreconditionError(
      X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

}  // namespace labrec
