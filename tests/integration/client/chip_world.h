#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "tests/integration/client/world.h"
#include "tests/support/tpm/ek_certificate.h"

// What the tests of records in chips have in common: realm oslo runs on a swtpm with a vendor's certificate.
namespace labrec::recovery::client {

inline constexpr size_t kOslo = 0;
inline constexpr uint32_t kChipLimit = 3;  // guesses of a record

// What a vendor gives a chip; nothing for a device that is none.
inline void GiveCertificate(test::SimulatedDevice& simulator) {
  if (simulator.swtpm() == nullptr) return;
  const absl::Status given = test::GiveEkCertificate(*simulator.swtpm(), test::EkKind::kP256);
  if (given.ok()) return;
  std::cerr << "cannot give the chip its certificate: " << given << "\n";
  std::abort();
}

}  // namespace labrec::recovery::client
