#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"
#include "hsm/tpm_wire/hash.h"

namespace labrec::tpm {

// A scheme and its hash (Part 2, sections 11.1.20, 11.2.3.3, 11.2.4.2, 11.2.5.6). kAlgNull has no hash: 0.
struct Scheme {
  uint16_t algorithm = 0x0010;  // kAlgNull
  uint16_t hash = 0;
  bool operator==(const Scheme&) const = default;
};

// TPMT_SYM_DEF_OBJECT (Part 2, section 11.1.7). kAlgNull has neither bits nor mode: 0.
struct SymmetricScheme {
  uint16_t algorithm = 0x0010;  // kAlgNull
  uint16_t key_bits = 0;
  uint16_t mode = 0;
  bool operator==(const SymmetricScheme&) const = default;
};

// TPMT_PUBLIC (Part 2, section 12.2.4), the public area of a TPM object, of type RSA, ECC or KEYEDHASH. A
// value type; threads as an int.
struct TpmtPublic {
  uint16_t type = 0;
  HashAlgorithm name_algorithm = HashAlgorithm::kSha256;
  uint32_t attributes = 0;  // TPMA_OBJECT
  Bytes auth_policy;        // empty, or a digest of the name algorithm
  SymmetricScheme symmetric;
  Scheme scheme;
  // RSA: bits, exponent (0 stands for 65537) and modulus, which is empty in templates.
  uint16_t key_bits = 0;
  uint32_t exponent = 0;
  Bytes modulus;
  // ECC: curve, KDF scheme and the point's coordinates, which a template may leave empty.
  uint16_t curve = 0;
  Scheme kdf;
  Bytes x;
  Bytes y;
  // KEYEDHASH: the digest that binds sensitive and public area.
  Bytes unique_digest;

  // All of `bytes` as one TPMT_PUBLIC. INVALID_ARGUMENT with the part's name if a type, algorithm, reserved
  // attribute or length is not one that a TPM writes and this verifier knows, or bytes are left over.
  static absl::StatusOr<TpmtPublic> Parse(ByteView bytes);
  // As Parse, with the 16-bit size of a TPM2B_PUBLIC (section 12.2.5) before it.
  static absl::StatusOr<TpmtPublic> ParseSized(ByteView bytes);

  // The TPM's form. Parse(Marshal()) gives an equal object.
  Bytes Marshal() const;
  // The object's Name (Part 1, section 16): nameAlg || H_nameAlg(TPMT_PUBLIC).
  Bytes Name() const;

  bool Has(uint32_t all_of) const { return (attributes & all_of) == all_of; }
  bool HasAny(uint32_t any_of) const { return (attributes & any_of) != 0; }

  bool operator==(const TpmtPublic&) const = default;
};

// The Name of a hierarchy or another permanent handle: the handle itself, four bytes (Part 1, section 16).
Bytes NameOfHandle(uint32_t handle);

// The Qualified Name of an object under a parent with this Qualified Name (Part 1, section 26.5):
// nameAlg || H_nameAlg(QN_parent || Name). A hierarchy's Qualified Name is NameOfHandle.
Bytes QualifiedName(const TpmtPublic& object, ByteView parent_qualified_name);

// The point of an ECC P-256 public area; a TPM may leave out leading zeros. INVALID_ARGUMENT if it is none.
absl::StatusOr<P256Point> PointOf(const TpmtPublic& area);

}  // namespace labrec::tpm
