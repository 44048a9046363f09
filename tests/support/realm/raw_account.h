#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/ecdsa.h"
#include "recovery/api/request_bytes.h"
#include "recovery/api/v1/recovery.grpc.pb.h"
#include "tests/support/realm/ready_signer.h"

namespace labrec::test {

// One account with one registered record on a realm, spoken to without the client library: no PIN, no
// threshold, every field chosen here. Blinded elements and nonces of signatures are computed beforehand, so
// that a load costs its generator no curve arithmetic.
class RawAccount {
 public:
  using Stub = labyrinth::recovery::v1::Recovery::Stub;

  // Enrols a device, registers and activates version 1 of record "raw" with guess limit kRawLimit.
  static absl::StatusOr<std::unique_ptr<RawAccount>> Register(Stub& stub, std::string tenant,
                                                              std::string account, std::string token);

  // The next of the account's elements, in turn (compressed points).
  const std::string& NextElement() { return elements_[next_++ % elements_.size()]; }
  // r || s over the unlock bytes of `challenge`.
  std::string SignUnlock(const std::string& challenge);
  const std::string& bearer() const { return bearer_; }

 private:
  RawAccount(std::string tenant, std::string account, const std::string& token);
  absl::Status EnrollDevice(Stub& stub);
  absl::Status RegisterRecord(Stub& stub);
  absl::StatusOr<std::string> BeginRegistration(Stub& stub) const;  // its registration id
  absl::Status FinishRegistration(Stub& stub, const std::string& registration_id) const;
  absl::Status Activate(Stub& stub) const;
  std::string Config() const;
  absl::Status SignWithDevice(Stub& stub, recovery::Operation operation, const Bytes& body,
                              labyrinth::recovery::v1::Signature& out) const;

  std::string tenant_;
  std::string account_;
  std::string bearer_;
  std::string realm_id_;
  EcdsaPrivateKey device_ = EcdsaPrivateKey::Generate();
  EcdsaPrivateKey unlock_ = EcdsaPrivateKey::Generate();
  ReadySigner unlock_signer_;
  std::vector<std::string> elements_;
  size_t next_ = 0;
};

inline constexpr char kRawRecord[] = "raw";
inline constexpr uint32_t kRawVersion = 1;
inline constexpr uint32_t kRawLimit = 20;

}  // namespace labrec::test
