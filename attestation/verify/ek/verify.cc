#include "attestation/verify/ek/verify.h"

#include <ctime>
#include <memory>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "absl/strings/str_cat.h"

#include "attestation/verify/ek/certificate.h"
#include "attestation/verify/ek/der.h"
#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"

namespace labrec::attestation {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, OpensslFree<X509_STORE_free>>;
using StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, OpensslFree<X509_STORE_CTX_free>>;

void FreeStack(STACK_OF(X509) * stack) {
  sk_X509_pop_free(stack, X509_free);
}
using StackPtr = std::unique_ptr<STACK_OF(X509), OpensslFree<FreeStack>>;

constexpr int kSecurityLevel = 2;  // 112 bits: no SHA-1 signatures, no RSA below 2048 bits
constexpr int kDeepestPath = 8;
constexpr int64_t kMillisPerSecond = 1000;

// What TakeBack needs to know.
struct Ruling {
  X509* ek_certificate = nullptr;  // as it was shown
  EkTrust::Revocation revocation = EkTrust::Revocation::kWhereListGiven;
};

// True if the EK certificate, as it was shown, is signed by the issuer that OpenSSL found. OpenSSL itself
// looked at a twin where the key is marked RSAES-OAEP (Readable).
bool IsSigned(const Ruling& ruling, X509_STORE_CTX* context) {
  X509* issuer = X509_STORE_CTX_get0_current_issuer(context);
  EVP_PKEY* key = issuer == nullptr ? nullptr : X509_get0_pubkey(issuer);
  return key != nullptr && X509_verify(ruling.ek_certificate, key) == 1;
}

// Takes back those errors of OpenSSL that are none here. The reason stands beside each.
int TakeBack(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  const auto* ruling = static_cast<const Ruling*>(X509_STORE_CTX_get_app_data(context));
  const X509* certificate = X509_STORE_CTX_get_current_cert(context);
  const bool is_ek = X509_STORE_CTX_get_error_depth(context) == 0;
  switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:  // TCG's attributes in it restrict nothing
      return is_ek && OnlyKnownCriticalExtensions(certificate) ? 1 : 0;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return is_ek && IsOaepKey(ruling->ek_certificate) && IsSigned(*ruling, context) ? 1 : 0;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return ruling->revocation == EkTrust::Revocation::kWhereListGiven ? 1 : 0;
    default:
      return 0;
  }
}

RefusalReason ReasonFor(int error) {
  switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return RefusalReason::kEndorsementTime;
    case X509_V_ERR_CERT_REVOKED:
      return RefusalReason::kEndorsementRevoked;
    default:
      return RefusalReason::kEndorsementChain;
  }
}

std::string SubjectOf(const X509* certificate) {
  char* text = X509_NAME_oneline(X509_get_subject_name(certificate), nullptr, 0);
  const std::string subject = text == nullptr ? "" : text;
  OPENSSL_free(text);
  return subject;
}

absl::StatusOr<StorePtr> StoreOf(X509* anchor, const EkTrust& trust) {
  StorePtr store(X509_STORE_new());
  if (store == nullptr || X509_STORE_add_cert(store.get(), anchor) != 1) {
    return absl::InternalError("OpenSSL: no memory");
  }
  for (const Bytes& der : trust.revocation_lists) {
    LABREC_ASSIGN_OR_RETURN(const X509CrlPtr list, ParseRevocationList(der));
    if (X509_STORE_add_crl(store.get(), list.get()) != 1) return absl::InternalError("OpenSSL: no memory");
  }
  return store;
}

unsigned long FlagsFor(const EkTrust& trust) {
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;  // an anchor need not be a root
  const bool check =
      !trust.revocation_lists.empty() || trust.revocation == EkTrust::Revocation::kListRequired;
  if (check) flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_EXTENDED_CRL_SUPPORT;
  return flags;
}

absl::StatusOr<StackPtr> StackOf(const std::vector<X509*>& certificates) {
  StackPtr stack(sk_X509_new_null());
  for (X509* certificate : certificates) {
    if (stack == nullptr || sk_X509_push(stack.get(), certificate) <= 0) {
      return absl::InternalError("OpenSSL: no memory");
    }
    X509_up_ref(certificate);
  }
  return stack;
}

// The certificate, in a form for which OpenSSL verifies a chain. A key that is marked RSAES-OAEP has none:
// there it is a twin of the certificate with the same key as plain RSA. The twin's signature does not fit any
// more, so TakeBack checks the original's in its place.
absl::StatusOr<X509Ptr> Readable(X509* certificate) {
  X509Ptr twin(X509_dup(certificate));
  if (twin == nullptr) return absl::InternalError("OpenSSL: no memory");
  if (!IsOaepKey(certificate)) return twin;
  LABREC_ASSIGN_OR_RETURN(const PkeyPtr key, CertifiedKey(certificate));
  if (X509_set_pubkey(twin.get(), key.get()) != 1) return absl::InternalError("OpenSSL: no memory");
  return twin;
}

}  // namespace

std::string Described(const X509* certificate) {
  const std::string subject = certificate == nullptr ? "" : SubjectOf(certificate);
  return subject.empty() ? "the endorsement key's own certificate" : subject;
}

absl::Status Untrusted(RefusalReason reason, std::string_view why, const X509* at) {
  return Refuse(reason, absl::StrCat("the endorsement key's certificate chain is not to be trusted: ",
                                     AbslView(why), " (at ", Described(at), ")"));
}

absl::Status VerifyPath(X509* certificate, const EkPath& path, const EkTrust& trust, int64_t now_ms) {
  LABREC_ASSIGN_OR_RETURN(const X509Ptr readable, Readable(certificate));
  const bool pinned = X509_cmp(certificate, path.anchor) == 0;
  LABREC_ASSIGN_OR_RETURN(const StorePtr store, StoreOf(pinned ? readable.get() : path.anchor, trust));
  LABREC_ASSIGN_OR_RETURN(const StackPtr between, StackOf(path.between));
  const StoreCtxPtr context(X509_STORE_CTX_new());
  if (context == nullptr ||
      X509_STORE_CTX_init(context.get(), store.get(), readable.get(), between.get()) != 1) {
    return absl::InternalError("OpenSSL: no memory");
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(param, FlagsFor(trust));
  X509_VERIFY_PARAM_set_time(param, static_cast<time_t>(now_ms / kMillisPerSecond));
  X509_VERIFY_PARAM_set_auth_level(param, kSecurityLevel);
  X509_VERIFY_PARAM_set_depth(param, kDeepestPath);
  Ruling ruling{certificate, trust.revocation};
  X509_STORE_CTX_set_app_data(context.get(), &ruling);
  X509_STORE_CTX_set_verify_cb(context.get(), &TakeBack);
  const int verified = X509_verify_cert(context.get());
  ERR_clear_error();
  if (verified == 1) return absl::OkStatus();
  const int error = X509_STORE_CTX_get_error(context.get());
  const X509* at = X509_STORE_CTX_get_current_cert(context.get());
  return Untrusted(ReasonFor(error), X509_verify_cert_error_string(error), at);
}

}  // namespace labrec::attestation
