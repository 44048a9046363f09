#include "tools/cli/chip_options.h"

#include <map>

#include <CLI/CLI.hpp>

#include "hsm/base/status_macros.h"
#include "tools/cli/usage_error.h"

namespace labrec::cli {

using recovery::client::Enforcement;

void AddChipOptions(CLI::App& command, ChipOptions& options) {
  static const std::map<std::string, Enforcement> kEnforcements = {
      {"ledger", Enforcement::kLedger},
      {"chip", Enforcement::kChip},
      {"chip-or-ledger", Enforcement::kChipOrLedger}};
  CLI::Option* const roots = command
                                 .add_option("--ek-roots", options.ek_roots,
                                             "Folder of TPM vendors' certificates: whose chips are believed")
                                 ->type_name("DIR")
                                 ->check(Reachable());
  command
      .add_option("--ek-revocation-lists", options.ek_revoked, "Folder of these vendors' revocation lists")
      ->needs(roots)
      ->type_name("DIR")
      ->check(Reachable());
  command
      .add_option(
          "--enforcement", options.enforcement,
          "Who counts wrong PINs: each realm's ledger; each realm's chip, or the seal is refused; or the "
          "chip where a realm has one. Chips are verified first, by --ek-roots. Default: who counted "
          "before, else the ledgers")
      ->transform(CLI::CheckedTransformer(kEnforcements))
      ->option_text("ledger|chip|chip-or-ledger");
}

absl::Status LoadChipOptions(const ChipOptions& options, recovery::client::SealRequest& request) {
  request.enforcement = options.enforcement;
  if (!options.enforcement || *options.enforcement == Enforcement::kLedger) {
    if (options.ek_roots.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("--ek-roots is for --enforcement chip or chip-or-ledger");
  }
  if (options.ek_roots.empty()) {
    return absl::InvalidArgumentError(
        "--enforcement chip needs --ek-roots: a folder of certificates of the TPM vendors that you believe");
  }
  LABREC_ASSIGN_OR_RETURN(request.trust.roots,
                          attestation::EkTrust::Load(options.ek_roots, options.ek_revoked));
  return absl::OkStatus();
}

}  // namespace labrec::cli
