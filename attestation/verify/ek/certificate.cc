#include "attestation/verify/ek/certificate.h"

#include <array>
#include <memory>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"

#include "attestation/evidence/refusal.h"
#include "hsm/base/encoding.h"
#include "hsm/base/openssl_ptr.h"

namespace labrec::attestation {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;
using UsagesPtr = std::unique_ptr<EXTENDED_KEY_USAGE, OpensslFree<EXTENDED_KEY_USAGE_free>>;
using ConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, OpensslFree<BASIC_CONSTRAINTS_free>>;
using BitsPtr = std::unique_ptr<ASN1_BIT_STRING, OpensslFree<ASN1_BIT_STRING_free>>;

// TCG EK Credential Profile, section 4 (OIDs).
constexpr char kManufacturer[] = "2.23.133.2.1";
constexpr char kModel[] = "2.23.133.2.2";
constexpr char kVersion[] = "2.23.133.2.3";
constexpr char kEkCertificate[] = "2.23.133.8.1";

// Bits of KeyUsage (RFC 5280, section 4.2.1.3).
constexpr int kKeyEncipherment = 2;
constexpr int kKeyAgreement = 4;

enum class Presence { kAbsent, kPresent, kBroken };

// An extension of a certificate: its content, and whether it stands there once and can be read.
template <typename Ptr>
Presence Find(const X509* certificate, int nid, Ptr& out) {
  int critical = -1;
  using Extension = typename Ptr::element_type;
  out.reset(static_cast<Extension*>(X509_get_ext_d2i(certificate, nid, &critical, nullptr)));
  ERR_clear_error();
  if (out != nullptr) return Presence::kPresent;
  return critical == -1 ? Presence::kAbsent : Presence::kBroken;
}

std::string DottedOid(const ASN1_OBJECT* object) {
  std::array<char, 128> text{};
  OBJ_obj2txt(text.data(), text.size(), object, 1);
  return text.data();
}

std::string Utf8(const ASN1_STRING* value) {
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, value);
  std::string out;
  if (size >= 0) out.assign(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  ERR_clear_error();
  return out;
}

// "id:49465800" with its ASCII form behind it (TCG Vendor ID Registry).
std::string WithVendorLetters(const std::string& text) {
  if (text.size() != 11 || text.rfind("id:", 0) != 0) return text;
  const auto id = FromHex(text.substr(3));
  if (!id.ok()) return text;
  std::string letters;
  for (uint8_t byte : *id) {
    if (byte > 0x20 && byte < 0x7F) letters.push_back(static_cast<char>(byte));
  }
  return letters.empty() ? text : absl::StrCat(text, " (", letters, ")");
}

void ReadDirectoryName(const X509_NAME* name, EkCertificateNames& names) {
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const std::string oid = DottedOid(X509_NAME_ENTRY_get_object(entry));
    const std::string value = Utf8(X509_NAME_ENTRY_get_data(entry));
    if (oid == kManufacturer) names.manufacturer = WithVendorLetters(value);
    if (oid == kModel) names.model = value;
    if (oid == kVersion) names.version = value;
  }
}

bool HasEkUsage(const EXTENDED_KEY_USAGE* usages) {
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages); ++i) {
    if (DottedOid(sk_ASN1_OBJECT_value(usages, i)) == kEkCertificate) return true;
  }
  return false;
}

absl::Status NoEk(std::string_view why) {
  return Refuse(RefusalReason::kEndorsementChain,
                "the certificate is not one of an endorsement key: " + std::string(why));
}

absl::Status CheckNoCa(const X509* certificate) {
  ConstraintsPtr constraints;
  const Presence presence = Find(certificate, NID_basic_constraints, constraints);
  if (presence == Presence::kBroken) return NoEk("its basic constraints cannot be read");
  if (presence == Presence::kPresent && constraints->ca != 0) return NoEk("it is a CA's");
  return absl::OkStatus();
}

absl::Status CheckKeyUsage(const X509* certificate) {
  BitsPtr usage;
  const Presence presence = Find(certificate, NID_key_usage, usage);
  if (presence == Presence::kBroken) return NoEk("its key usage cannot be read");
  if (presence == Presence::kPresent && ASN1_BIT_STRING_get_bit(usage.get(), kKeyEncipherment) == 0 &&
      ASN1_BIT_STRING_get_bit(usage.get(), kKeyAgreement) == 0) {
    return NoEk("its key may neither encipher nor agree on keys");
  }
  return absl::OkStatus();
}

}  // namespace

EkCertificateNames NamesIn(const X509* certificate) {
  EkCertificateNames names;
  NamesPtr general;
  if (Find(certificate, NID_subject_alt_name, general) != Presence::kPresent) return names;
  for (int i = 0; i < sk_GENERAL_NAME_num(general.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(general.get(), i);
    if (name->type == GEN_DIRNAME) ReadDirectoryName(name->d.directoryName, names);
  }
  return names;
}

absl::Status CheckEkUsage(const X509* certificate) {
  if (absl::Status checked = CheckNoCa(certificate); !checked.ok()) return checked;
  if (absl::Status checked = CheckKeyUsage(certificate); !checked.ok()) return checked;
  UsagesPtr usages;
  const Presence presence = Find(certificate, NID_ext_key_usage, usages);
  if (presence == Presence::kBroken) return NoEk("its extended key usage cannot be read");
  if (presence == Presence::kPresent && !HasEkUsage(usages.get())) {
    return NoEk("its extended key usage lacks tcg-kp-EKCertificate");
  }
  if (presence == Presence::kAbsent && NamesIn(certificate).manufacturer.empty()) {
    return NoEk("it has neither the extended key usage nor the names of a TPM");
  }
  return absl::OkStatus();
}

bool OnlyKnownCriticalExtensions(const X509* certificate) {
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    X509_EXTENSION* extension = X509_get_ext(certificate, i);
    if (X509_EXTENSION_get_critical(extension) == 0 || X509_supported_extension(extension) == 1) continue;
    if (OBJ_obj2nid(X509_EXTENSION_get_object(extension)) != NID_subject_directory_attributes) return false;
  }
  return true;
}

}  // namespace labrec::attestation
