#include "attestation/verify/ek/trust.h"

#include <algorithm>
#include <set>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/strings/ascii.h"
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
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kWhiteSpace = " \t\r\n";

size_t CountPemBlocks(std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find(kPemBegin); at != std::string::npos; at = text.find(kPemBegin, at + 1)) ++count;
  return count;
}

// "X509 CERTIFICATE" is what old programs write for "CERTIFICATE".
bool IsLabel(std::string_view found, std::string_view wanted) {
  return found == wanted || (wanted == "CERTIFICATE" && found == "X509 CERTIFICATE");
}

// Without white space behind the outermost SEQUENCE (X.690, section 8.1.3), as editors and transfers leave
// it. As it is where anything else follows, or nothing.
ByteView WithoutWhiteSpaceBehind(ByteView der) {
  const size_t digits = der.size() > 1 && der[1] > 0x80 ? der[1] - 0x80U : 0;
  if (digits > 4 || der.size() < 2 + digits) return der;
  size_t length = digits == 0 && der.size() > 1 ? der[1] : 0;
  for (size_t i = 0; i < digits; ++i) length = length << 8 | der[2 + i];
  const size_t end = 2 + digits + length;
  if (end >= der.size()) return der;
  const bool blank = AsText(der.subspan(end)).find_first_not_of(kWhiteSpace) == std::string_view::npos;
  return blank ? der.first(end) : der;
}

// The DER content of each PEM block with this label. Empty if one is of another kind or cannot be read.
std::vector<Bytes> PemBlocks(ByteView content, const std::string& label) {
  if (AsText(content).starts_with(kByteOrderMark)) content = content.subspan(kByteOrderMark.size());
  const BioPtr bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
  std::vector<Bytes> blocks;
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  bool all_of_kind = bio != nullptr;
  while (all_of_kind && PEM_read_bio(bio.get(), &name, &header, &data, &size) == 1) {
    all_of_kind = IsLabel(name, label);
    blocks.emplace_back(data, data + size);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  // OpenSSL passes by a block whose BEGIN does not stand at the beginning of a line.
  const bool all = blocks.size() == CountPemBlocks(AsText(content));
  return all_of_kind && at_end && all ? blocks : std::vector<Bytes>();
}

bool IsOfKind(const fs::path& path, const std::set<std::string>& kinds) {
  const bool hidden = path.filename().string().starts_with('.');
  return !hidden && kinds.count(absl::AsciiStrToLower(path.extension().string())) > 0;
}

absl::StatusOr<std::vector<fs::path>> FilesBelow(const fs::path& folder, const std::set<std::string>& kinds,
                                                 std::vector<std::string>& skipped) {
  std::error_code error;
  std::error_code unknown;  // what a link leads to is not there
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(folder, error), end; entry != end; entry.increment(error)) {
    const bool is_folder = entry->is_directory(unknown) && !entry->is_symlink(unknown);
    if (entry->is_regular_file(unknown) && IsOfKind(entry->path(), kinds)) {
      files.push_back(entry->path());
    } else if (!is_folder) {
      skipped.push_back(entry->path().string());
    }
  }
  if (error) {
    return absl::NotFoundError(
        absl::StrCat("cannot read the folder ", folder.string(), ": ", error.message()));
  }
  std::sort(files.begin(), files.end());
  std::sort(skipped.begin(), skipped.end());
  return files;
}

// Appends what `path` holds; `valid` says whether DER bytes are of the kind.
absl::Status ReadInto(const fs::path& path, const std::string& label, bool (*valid)(ByteView),
                      std::vector<Bytes>& out) {
  LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(path));
  const std::vector<Bytes> found = CountPemBlocks(AsText(content)) > 0
                                       ? PemBlocks(content, label)
                                       : std::vector<Bytes>{ToBytes(WithoutWhiteSpaceBehind(content))};
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

std::string EkTrust::Skipped() const {
  constexpr size_t kMostNamed = 8;
  if (skipped.empty()) return "";
  std::string text = "; not read were ";
  for (size_t i = 0; i < std::min(skipped.size(), kMostNamed); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", skipped[i]);
  }
  if (skipped.size() > kMostNamed) absl::StrAppend(&text, " and ", skipped.size() - kMostNamed, " more");
  return text + " (hidden, a link to a folder, or of another suffix than .pem, .crt, .cer, .der, .crl)";
}

absl::StatusOr<EkTrust> EkTrust::Load(const fs::path& folder, const fs::path& revocation_folder) {
  EkTrust trust;
  LABREC_ASSIGN_OR_RETURN(const auto certificates,
                          FilesBelow(folder, {".pem", ".crt", ".cer", ".der"}, trust.skipped));
  for (const fs::path& path : certificates) {
    LABREC_RETURN_IF_ERROR(ReadInto(path, "CERTIFICATE", IsCertificate, trust.anchors));
  }
  if (trust.anchors.empty()) {
    return absl::NotFoundError(absl::StrCat("no certificate (*.pem, *.crt, *.cer, *.der) below ",
                                            folder.string(), "; put the TPM vendors' root certificates there",
                                            trust.Skipped()));
  }
  if (revocation_folder.empty()) return trust;
  LABREC_ASSIGN_OR_RETURN(const auto lists,
                          FilesBelow(revocation_folder, {".crl", ".pem", ".der"}, trust.skipped));
  for (const fs::path& path : lists) {
    LABREC_RETURN_IF_ERROR(ReadInto(path, "X509 CRL", IsRevocationList, trust.revocation_lists));
  }
  return trust;
}

}  // namespace labrec::attestation
