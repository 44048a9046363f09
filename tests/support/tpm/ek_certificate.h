#pragma once

#include "absl/status/status.h"

#include "tests/support/tpm/swtpm.h"

namespace labrec::test {

enum class EkKind { kRsa2048, kP256 };  // templates L-1, L-2
enum class EkPlace { kMadeAnew, kPersistent };

// Gives a software TPM what a vendor gives a chip: a certificate of its endorsement key, by LocalCa, in the
// NV index of that template, with padding behind it as many chips have. For a TPM that nobody else uses.
absl::Status GiveEkCertificate(const Swtpm& tpm, EkKind kind, EkPlace place = EkPlace::kMadeAnew);

}  // namespace labrec::test
