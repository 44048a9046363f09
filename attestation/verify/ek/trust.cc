#include "attestation/verify/ek/trust.h"

#include <algorithm>
#include <set>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/strings/str_cat.h"

#include "attestation/verify/ek/der.h"
#include "hsm/base/file.h"
#include "hsm/base/openssl_ptr.h"
#include "hsm/base/status_macros.h"

namespace labrec::attestation {
namespace {

namespace fs = std::filesystem;
using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

constexpr std::string_view kPemBegin = "-----BEGIN ";

bool IsPem(ByteView content) {
  return AsText(content).find(kPemBegin) != std::string_view::npos;
}

// The DER content of each PEM block with this label. Empty if one is of another kind or cannot be read.
std::vector<Bytes> PemBlocks(ByteView content, const std::string& label) {
  const BioPtr bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
  std::vector<Bytes> blocks;
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  bool all_of_kind = bio != nullptr;
  while (all_of_kind && PEM_read_bio(bio.get(), &name, &header, &data, &size) == 1) {
    all_of_kind = label == name;
    blocks.emplace_back(data, data + size);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return all_of_kind && at_end ? blocks : std::vector<Bytes>();
}

absl::StatusOr<std::vector<fs::path>> FilesBelow(const fs::path& folder, const std::set<std::string>& kinds) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(folder, error), end; entry != end; entry.increment(error)) {
    if (entry->is_regular_file(error) && kinds.count(entry->path().extension()) > 0) {
      files.push_back(entry->path());
    }
  }
  if (error) {
    return absl::NotFoundError(
        absl::StrCat("cannot read the folder ", folder.string(), ": ", error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Appends what `path` holds; `valid` says whether DER bytes are of the kind.
absl::Status ReadInto(const fs::path& path, const std::string& label, bool (*valid)(ByteView),
                      std::vector<Bytes>& out) {
  LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(path));
  const std::vector<Bytes> found = IsPem(content) ? PemBlocks(content, label) : std::vector<Bytes>{content};
  if (found.empty() || !std::all_of(found.begin(), found.end(), valid)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), " is not (only) ", label, " in PEM or DER form"));
  }
  out.insert(out.end(), found.begin(), found.end());
  return absl::OkStatus();
}

bool IsCertificate(ByteView der) {
  return ParseCertificate(der).ok();
}
bool IsRevocationList(ByteView der) {
  return ParseRevocationList(der).ok();
}

}  // namespace

absl::StatusOr<EkTrust> EkTrust::Load(const fs::path& folder, const fs::path& revocation_folder) {
  EkTrust trust;
  LABREC_ASSIGN_OR_RETURN(const auto certificates, FilesBelow(folder, {".pem", ".crt", ".cer", ".der"}));
  for (const fs::path& path : certificates) {
    LABREC_RETURN_IF_ERROR(ReadInto(path, "CERTIFICATE", IsCertificate, trust.anchors));
  }
  if (trust.anchors.empty()) {
    return absl::NotFoundError(absl::StrCat("no certificate (*.pem, *.crt, *.cer, *.der) below ",
                                            folder.string(),
                                            "; put the TPM vendors' root certificates there"));
  }
  if (revocation_folder.empty()) return trust;
  LABREC_ASSIGN_OR_RETURN(const auto lists, FilesBelow(revocation_folder, {".crl", ".pem"}));
  for (const fs::path& path : lists) {
    LABREC_RETURN_IF_ERROR(ReadInto(path, "X509 CRL", IsRevocationList, trust.revocation_lists));
  }
  return trust;
}

}  // namespace labrec::attestation
