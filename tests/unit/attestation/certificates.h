#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "attestation/verify/ek/template.h"
#include "hsm/base/openssl_ptr.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/tpmt_public.h"

// Certificates in the layouts that TPM vendors use, under keys of our own.
namespace labrec::attestation {

inline constexpr int64_t kYear2024 = 1704067200;
inline constexpr int64_t kYear2025 = 1735689600;
inline constexpr int64_t kYear2030 = 1893456000;

inline void Must(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL refused what the test asked for");
}

inline PkeyPtr RsaTestKey() {
  return PkeyPtr(EVP_RSA_gen(2048));
}
inline PkeyPtr EcTestKey(const char* curve = "P-256") {
  return PkeyPtr(EVP_EC_gen(curve));
}

struct CertificateForm {
  std::string subject;  // common name; empty for none at all
  bool ca = false;
  std::optional<std::string> key_usage;
  std::optional<std::string> extended_key_usage;
  std::string tpm_names;  // "id:49465800/SLB 9670/id:0755"; empty for no subjectAltName
  bool names_critical = true;
  std::string attributes_critical;  // "TRUE" or "FALSE": subjectDirectoryAttributes; empty for none
  std::string unknown_critical;     // OID of a critical extension that nobody knows
  bool oaep_key = false;            // mark the key RSAES-OAEP
  bool sha1 = false;
  int64_t from = kYear2024;
  int64_t until = kYear2030;
  long serial = 1;
};

// An authority, or an EK certificate with the key it is about.
struct Certificate {
  X509Ptr x509;
  PkeyPtr key;
  Bytes Der() const {
    unsigned char* der = nullptr;
    const int size = i2d_X509(x509.get(), &der);
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
  }
};

inline void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

inline void AddRaw(X509* certificate, const std::string& oid, bool critical, const Bytes& der) {
  ASN1_OBJECT* object = OBJ_txt2obj(oid.c_str(), 1);
  ASN1_OCTET_STRING* data = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(data, der.data(), static_cast<int>(der.size()));
  X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, object, critical ? 1 : 0, data);
  Must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(data);
  ASN1_OBJECT_free(object);
}

// subjectAltName with one directory name of TCG's three attributes (EK Credential Profile, section 3.1.2).
inline void AddTpmNames(X509* certificate, const std::string& names, bool critical) {
  X509_NAME* name = X509_NAME_new();
  size_t from = 0;
  for (const char* oid : {"2.23.133.2.1", "2.23.133.2.2", "2.23.133.2.3"}) {
    const size_t to = std::min(names.find('/', from), names.size());
    const std::string value = names.substr(from, to - from);
    ASN1_OBJECT* object = OBJ_txt2obj(oid, 1);
    Must(X509_NAME_add_entry_by_OBJ(name, object, V_ASN1_UTF8STRING,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1);
    ASN1_OBJECT_free(object);
    from = to + 1;
  }
  GENERAL_NAME* general = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(general, GEN_DIRNAME, name);
  GENERAL_NAMES* all = GENERAL_NAMES_new();
  sk_GENERAL_NAME_push(all, general);
  Must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1);
  GENERAL_NAMES_free(all);
}

// RFC 4055, section 4.1: the same RSA key under id-RSAES-OAEP, parameters left out.
inline void MarkOaep(X509* certificate) {
  X509_PUBKEY* spki = X509_get_X509_PUBKEY(certificate);
  const unsigned char* key = nullptr;
  int size = 0;
  Must(X509_PUBKEY_get0_param(nullptr, &key, &size, nullptr, spki) == 1);
  auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(key, static_cast<size_t>(size)));
  Must(X509_PUBKEY_set0_param(spki, OBJ_nid2obj(NID_rsaesOaep), V_ASN1_UNDEF, nullptr, copy, size) == 1);
}

// `issuer` null for a self-signed one.
inline Certificate MakeCertificate(const CertificateForm& form, PkeyPtr key, const Certificate* issuer) {
  Certificate made{X509Ptr(X509_new()), std::move(key)};
  X509* certificate = made.x509.get();
  X509* issuer_x509 = issuer == nullptr ? certificate : issuer->x509.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), form.serial);
  ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<time_t>(form.from));
  ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(form.until));
  if (!form.subject.empty()) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(form.subject.c_str()), -1, -1, 0);
  }
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer_x509));
  X509_set_pubkey(certificate, made.key.get());
  AddExtension(certificate, issuer_x509, NID_basic_constraints,
               form.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (form.key_usage) AddExtension(certificate, issuer_x509, NID_key_usage, *form.key_usage);
  if (form.extended_key_usage)
    AddExtension(certificate, issuer_x509, NID_ext_key_usage, *form.extended_key_usage);
  if (!form.tpm_names.empty()) AddTpmNames(certificate, form.tpm_names, form.names_critical);
  if (!form.attributes_critical.empty()) {
    // SEQUENCE { SEQUENCE { tcg-at-tpmSpecification, SET { SEQUENCE { "2.0", 0, 138 } } } }
    AddRaw(certificate, "2.5.29.9", form.attributes_critical == "TRUE",
           {0x30, 0x19, 0x30, 0x17, 0x06, 0x05, 0x67, 0x81, 0x05, 0x02, 0x10, 0x31, 0x0E, 0x30,
            0x0C, 0x0C, 0x03, '2',  '.',  '0',  0x02, 0x01, 0x00, 0x02, 0x02, 0x00, 0x8A});
  }
  if (!form.unknown_critical.empty()) AddRaw(certificate, form.unknown_critical, true, {0x05, 0x00});
  if (form.oaep_key) MarkOaep(certificate);
  EVP_PKEY* signer = issuer == nullptr ? made.key.get() : issuer->key.get();
  Must(X509_sign(certificate, signer, form.sha1 ? EVP_sha1() : EVP_sha256()) > 0);
  return made;
}

inline Certificate MakeAuthority(const std::string& name, PkeyPtr key, const Certificate* issuer) {
  CertificateForm form;
  form.subject = name;
  form.ca = true;
  form.key_usage = "critical,keyCertSign,cRLSign";
  return MakeCertificate(form, std::move(key), issuer);
}

inline Bytes BigNumber(const EVP_PKEY* key, const char* name, int size) {
  BIGNUM* value = nullptr;
  Must(EVP_PKEY_get_bn_param(key, name, &value) == 1);
  const BnPtr owned(value);
  Bytes out(static_cast<size_t>(size));
  Must(BN_bn2binpad(value, out.data(), size) == size);
  return out;
}

// The L-1 or L-2 public area of an EK with this key.
inline tpm::TpmtPublic EkAreaOf(const EVP_PKEY* key) {
  tpm::TpmtPublic area;
  area.attributes = 0x000300B2;
  area.auth_policy = EkPolicyA(tpm::HashAlgorithm::kSha256);
  area.symmetric = {tpm::kAlgAes, 128, tpm::kAlgCfb};
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    area.type = tpm::kAlgRsa;
    area.key_bits = 2048;
    area.modulus = BigNumber(key, "n", 256);
  } else {
    area.type = tpm::kAlgEcc;
    area.curve = tpm::kCurveP256;
    area.x = BigNumber(key, "qx", 32);
    area.y = BigNumber(key, "qy", 32);
  }
  return area;
}

// A revocation list of `issuer` with these serial numbers.
inline Bytes MakeRevocationList(const Certificate& issuer, const std::vector<long>& serials, int64_t from,
                                int64_t until) {
  X509_CRL* list = X509_CRL_new();
  X509_CRL_set_version(list, X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer.x509.get()));
  ASN1_TIME* time = ASN1_TIME_set(nullptr, static_cast<time_t>(from));
  X509_CRL_set1_lastUpdate(list, time);
  for (long serial : serials) {
    X509_REVOKED* entry = X509_REVOKED_new();
    ASN1_INTEGER* number = ASN1_INTEGER_new();
    ASN1_INTEGER_set(number, serial);
    X509_REVOKED_set_serialNumber(entry, number);
    X509_REVOKED_set_revocationDate(entry, time);
    X509_CRL_add0_revoked(list, entry);
    ASN1_INTEGER_free(number);
  }
  ASN1_TIME_set(time, static_cast<time_t>(until));
  X509_CRL_set1_nextUpdate(list, time);
  ASN1_TIME_free(time);
  Must(X509_CRL_sign(list, issuer.key.get(), EVP_sha256()) > 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509_CRL(list, &der);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  X509_CRL_free(list);
  return out;
}

}  // namespace labrec::attestation
