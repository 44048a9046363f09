#include "attestation/verify/ek/path.h"

#include <algorithm>

#include <openssl/err.h>

namespace labrec::attestation {
namespace {

constexpr size_t kMostPaths = 8;
constexpr size_t kDeepest = 8;
constexpr int kMostSignatures = 64;

class Search {
 public:
  Search(const std::vector<X509Ptr>& anchors, const std::vector<X509Ptr>& sent_along)
      : anchors_(anchors), sent_along_(sent_along) {}

  void From(X509* certificate) {
    for (const X509Ptr& anchor : anchors_) {
      if (paths_.size() < kMostPaths && Signed(certificate, anchor.get()))
        paths_.push_back({way_, anchor.get()});
    }
    for (const X509Ptr& next : sent_along_) {
      if (paths_.size() == kMostPaths || way_.size() == kDeepest) return;
      if (OnTheWay(next.get()) || !Signed(certificate, next.get())) continue;
      way_.push_back(next.get());
      From(next.get());
      way_.pop_back();
    }
  }
  std::vector<EkPath> paths() { return std::move(paths_); }

 private:
  // Whether the way has this certificate already. An anchor counts as there, also where it was sent along
  // among the intermediates: the way ends where it meets it as an anchor.
  bool OnTheWay(const X509* certificate) const {
    const auto same = [&](const X509* other) { return X509_cmp(certificate, other) == 0; };
    return std::any_of(way_.begin(), way_.end(), same) ||
           std::any_of(anchors_.begin(), anchors_.end(),
                       [&](const X509Ptr& anchor) { return same(anchor.get()); });
  }
  bool Signed(X509* certificate, X509* issuer) {
    if (X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(issuer)) != 0) return false;
    EVP_PKEY* key = X509_get0_pubkey(issuer);
    if (key == nullptr || ++signatures_ > kMostSignatures) return false;
    const bool by_it = X509_verify(certificate, key) == 1;
    ERR_clear_error();
    return by_it;
  }

  const std::vector<X509Ptr>& anchors_;
  const std::vector<X509Ptr>& sent_along_;
  std::vector<X509*> way_;
  std::vector<EkPath> paths_;
  int signatures_ = 0;
};

}  // namespace

std::vector<EkPath> PathsToAnchors(X509* ek, const std::vector<X509Ptr>& anchors,
                                   const std::vector<X509Ptr>& sent_along) {
  for (const X509Ptr& anchor : anchors) {
    if (X509_cmp(ek, anchor.get()) == 0) return {{{}, anchor.get()}};
  }
  Search search(anchors, sent_along);
  search.From(ek);
  return search.paths();
}

}  // namespace labrec::attestation
