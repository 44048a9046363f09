#pragma once

#include "hsm/random.h"
#include "hsm/tpm2/realm/connection.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// TPM2_GetRandom through the encrypted session, added (XOR) to as many bytes of OpenSSL's generator: neither
// of them alone can make it predictable.
class TpmRandom final : public Random {
 public:
  explicit TpmRandom(Connection& connection) : connection_(connection) {}
  absl::Status Fill(std::span<uint8_t> out) override;

 private:
  Connection& connection_;
};

}  // namespace labrec::hsm::tpm2
