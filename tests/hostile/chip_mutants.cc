#include <algorithm>

#include "attestation/verify/chip_record_verifier.h"
#include "attestation/verify/statement.h"
#include "hsm/tpm_wire/index_write.h"
#include "recovery/client/chip/write.h"
#include "tests/hostile/mutant.h"
#include "tests/hostile/mutant_table.h"

namespace labrec::hostile {
namespace {

// Each takes out what keeps a chip's record from a realm that lies.
enum class Broken {
  kNothing,
  kContentsUnseen,  // a write is believed without the chip's statement of what the index holds
  kSignsAgain,      // a write whose answer is an error is signed for again
};
MutantTable<Broken> mutants{{"contents-unseen", Broken::kContentsUnseen},
                            {"signs-again", Broken::kSignsAgain}};

bool Is(Broken which) {
  return mutants.Is(which);
}

}  // namespace

bool UseMutant(const std::string& name) {
  return mutants.Use(name);
}

std::vector<std::string> MutantNames() {
  return mutants.Names();
}

}  // namespace labrec::hostile

// NOLINTBEGIN(bugprone-reserved-identifier): the names are the linker's.
namespace labrec::attestation {

LABREC_WRAPPED(
    "_ZN6labrec11attestation18CheckIndexContentsERKNS_3tpm10TpmtPublicERKNS1_12TpmsNvPublicERKNS0_15Signed"
    "StatementERKSt5arrayIhLm32EERKNS1_10PinCounterERSt6vectorINS0_5ProofESaISJ_EE",
    absl::Status, CheckIndexContents, const tpm::TpmtPublic& ak, const tpm::TpmsNvPublic& index,
    const SignedStatement& statement, const Digest& nonce, const tpm::PinCounter& contents, Report& report);
absl::Status WrapCheckIndexContents(const tpm::TpmtPublic& ak, const tpm::TpmsNvPublic& index,
                                    const SignedStatement& statement, const Digest& nonce,
                                    const tpm::PinCounter& contents, Report& report) {
  if (hostile::Is(hostile::Broken::kContentsUnseen)) return absl::OkStatus();
  return RealCheckIndexContents(ak, index, statement, nonce, contents, report);
}

}  // namespace labrec::attestation

namespace labrec::recovery::client::core {

LABREC_WRAPPED(
    "_ZN6labrec8recovery6client4core12WriteCounterERNS2_5ScopeERNS2_7AccountEmRKNS2_11ChipVersionENS_3tpm7"
    "WrittenEjRSt6vectorINS_11attestation5ProofESaISE_EE",
    Task<>, WriteCounter, Scope& scope, Account& account, size_t realm, const ChipVersion& version,
    tpm::Written before, uint32_t limit, attestation::Report& proven);
// A coroutine has no name of the linker's.
Task<> OtherWrite(Scope& scope, Account& account, size_t realm, const ChipVersion& version,
                  tpm::Written before, uint32_t limit, attestation::Report& proven) {
  auto written = co_await RealWriteCounter(scope, account, realm, version, before, limit, proven);
  if (!written.ok() && hostile::Is(hostile::Broken::kSignsAgain)) {
    written = co_await RealWriteCounter(scope, account, realm, version, before, limit, proven);
  }
  co_return written;
}

Task<> WrapWriteCounter(Scope& scope, Account& account, size_t realm, const ChipVersion& version,
                        tpm::Written before, uint32_t limit, attestation::Report& proven) {
  return OtherWrite(scope, account, realm, version, before, limit, proven);
}

}  // namespace labrec::recovery::client::core
// NOLINTEND(bugprone-reserved-identifier)
