#include "recovery/server/transport/tls_key_hash.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/openssl_ptr.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

bool Is(const absl::StatusOr<Digest>& one, const Digest& hash) {
  return one.ok() && *one == hash;
}

}  // namespace

absl::StatusOr<Digest> TlsKeyHash(const std::filesystem::path& certificate) {
  const absl::StatusOr<Bytes> pem = ReadFile(certificate);
  if (!pem.ok()) return absl::FailedPreconditionError(pem.status().message());
  const BioPtr bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  const X509Ptr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  unsigned char* spki = nullptr;
  const int size = leaf == nullptr ? -1 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf.get()), &spki);
  if (size <= 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(certificate.string(), ": no PEM certificate that can be read"));
  }
  const Digest hash = Sha256(ByteView(spki, static_cast<size_t>(size)));
  OPENSSL_free(spki);
  return hash;
}

absl::Status OwnTlsKeys::Check(const Digest& hash) {
  const std::lock_guard lock(mutex_);
  for (const std::filesystem::path& file : certificates_) {
    const absl::StatusOr<Digest> now = TlsKeyHash(file);
    auto [entry, added] = keys_.try_emplace(file, Keys{now, absl::UnknownError("none")});
    Keys& keys = entry->second;
    if (now.ok() && !Is(keys.current, *now)) keys = Keys{now, keys.current};
    if (Is(keys.current, hash) || Is(keys.before, hash)) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      certificates_.empty()
          ? "this realm does not know the TLS key that its clients see, so nothing is proven on this "
            "connection; its operator names the proxy's certificate in [attestation] tls_certificates"
          : "the TLS key that you see is none of this realm's: somebody is between you and it, or its "
            "operator "
            "has to name the proxy's certificate in [attestation] tls_certificates");
}

}  // namespace labrec::recovery
