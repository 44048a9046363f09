#pragma once

#include "hsm/pkcs11/token/connection.h"
#include "hsm/random.h"

namespace labrec::hsm::pkcs11 {

// C_GenerateRandom (PKCS#11 2.40, section 5.15).
class Pkcs11Random : public Random {
 public:
  explicit Pkcs11Random(Connection& connection) : connection_(connection) {}
  absl::Status Fill(std::span<uint8_t> out) override;

 private:
  Connection& connection_;
};

}  // namespace labrec::hsm::pkcs11
