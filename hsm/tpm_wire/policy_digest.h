#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hsm/base/bytes.h"
#include "hsm/tpm_wire/hash.h"
#include "hsm/tpm_wire/tpms_attest.h"

namespace labrec::tpm {

// The policyDigest that a policy session has after these commands (Part 1, section 19.7), computed without a
// TPM: PolicyDigest(kSha256).Signed(...).CommandCode(...).digest(). Each function is the command
// TPM2_Policy<its name> of Part 3, section 23, whose "policyDigest update" it follows. Any thread.
class PolicyDigest {
 public:
  // Section 19.7.1: begins with zeros.
  explicit PolicyDigest(HashAlgorithm algorithm);

  // 23.3: a signature by the key with this Name over the session's nonce, command parameters and
  // `policy_ref`.
  PolicyDigest& Signed(ByteView key_name, ByteView policy_ref);
  // 23.4: authorisation of the entity with this Name by its authValue.
  PolicyDigest& Secret(ByteView entity_name, ByteView policy_ref);
  // 23.6: one of two to eight digests. Aborts for another number. Forgets what came before it.
  PolicyDigest& Or(std::span<const Bytes> branches);
  // 23.7: the selected PCRs, whose values hash to `pcr_digest`.
  PolicyDigest& Pcr(const std::vector<PcrSelection>& selection, ByteView pcr_digest);
  // 23.9: the index with this Name compares so (TPM_EO, Part 2, section 6.8) with `operand`, from `offset`
  // on.
  PolicyDigest& Nv(ByteView index_name, ByteView operand, uint16_t offset, uint16_t operation);
  // 23.11: only this command.
  PolicyDigest& CommandCode(uint32_t command);
  // 23.16: any policy that the key with this Name signed with `policy_ref`. Forgets what came before it.
  PolicyDigest& Authorize(ByteView key_name, ByteView policy_ref);
  // 23.17: the object's authValue, by HMAC.
  PolicyDigest& AuthValue();
  // 23.22: the policy that stands in the index with this Name. Forgets what came before it.
  PolicyDigest& AuthorizeNv(ByteView index_name);

  const Bytes& digest() const { return digest_; }

 private:
  void ExtendWithCommand(uint32_t command, std::initializer_list<ByteView> parts);
  // PolicyUpdate(): H(H(digest || command || name) || policy_ref) (Part 3, section 23.2.3).
  PolicyDigest& Update(uint32_t command, ByteView name, ByteView policy_ref);
  void Restart();

  HashAlgorithm algorithm_;
  Bytes digest_;
};

}  // namespace labrec::tpm
