#include "hsm/tpm_wire/policy_digest.h"

#include <cstdlib>

#include "hsm/base/encoding.h"
#include "hsm/tpm_wire/constants.h"

namespace labrec::tpm {

PolicyDigest::PolicyDigest(HashAlgorithm algorithm) : algorithm_(algorithm) {
  Restart();
}

void PolicyDigest::Restart() {
  digest_.assign(DigestSize(algorithm_), 0);
}

void PolicyDigest::ExtendWithCommand(uint32_t command, std::initializer_list<ByteView> parts) {
  Writer message;
  message.Raw(digest_).U32(command);
  for (ByteView part : parts) message.Raw(part);
  digest_ = Hash(algorithm_, {message.bytes()});
}

PolicyDigest& PolicyDigest::Update(uint32_t command, ByteView name, ByteView policy_ref) {
  ExtendWithCommand(command, {name});
  digest_ = Hash(algorithm_, {digest_, policy_ref});
  return *this;
}

PolicyDigest& PolicyDigest::Signed(ByteView key_name, ByteView policy_ref) {
  return Update(kCcPolicySigned, key_name, policy_ref);
}

PolicyDigest& PolicyDigest::Secret(ByteView entity_name, ByteView policy_ref) {
  return Update(kCcPolicySecret, entity_name, policy_ref);
}

PolicyDigest& PolicyDigest::Or(std::span<const Bytes> branches) {
  if (branches.size() < 2 || branches.size() > 8) std::abort();
  Writer all;
  for (const Bytes& branch : branches) all.Raw(branch);
  Restart();
  ExtendWithCommand(kCcPolicyOr, {all.bytes()});
  return *this;
}

PolicyDigest& PolicyDigest::Pcr(const std::vector<PcrSelection>& selection, ByteView pcr_digest) {
  ExtendWithCommand(kCcPolicyPcr, {Marshal(selection), pcr_digest});
  return *this;
}

PolicyDigest& PolicyDigest::Nv(ByteView index_name, ByteView operand, uint16_t offset, uint16_t operation) {
  const Bytes arguments = Hash(algorithm_, {Writer().Raw(operand).U16(offset).U16(operation).bytes()});
  ExtendWithCommand(kCcPolicyNv, {arguments, index_name});
  return *this;
}

PolicyDigest& PolicyDigest::CommandCode(uint32_t command) {
  ExtendWithCommand(kCcPolicyCommandCode, {Writer().U32(command).bytes()});
  return *this;
}

PolicyDigest& PolicyDigest::Authorize(ByteView key_name, ByteView policy_ref) {
  Restart();
  return Update(kCcPolicyAuthorize, key_name, policy_ref);
}

PolicyDigest& PolicyDigest::AuthValue() {
  ExtendWithCommand(kCcPolicyAuthValue, {});
  return *this;
}

PolicyDigest& PolicyDigest::AuthorizeNv(ByteView index_name) {
  Restart();
  ExtendWithCommand(kCcPolicyAuthorizeNv, {index_name});
  return *this;
}

}  // namespace labrec::tpm
