#include <chrono>
#include <cstdio>
#include <iostream>

#include <unistd.h>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/client/enroll.h"
#include "recovery/client/recover.h"
#include "recovery/client/seal.h"
#include "recovery/labyrinth/restore.h"
#include "tools/cli/advice.h"
#include "tools/cli/attest_demand.h"
#include "tools/cli/chip_options.h"
#include "tools/cli/pin_reader.h"
#include "tools/cli/progress_bar.h"
#include "tools/cli/prompts.h"
#include "tools/mailbox/command_steps.h"
#include "tools/mailbox/commands.h"
#include "tools/mailbox/floor_rules.h"
#include "tools/mailbox/pin_outcome.h"

// Recovery codes: made, sealed, and restored from.
namespace labrec::mailbox {

using cli::Connection;
using cli::PinSource;
using recovery::client::ChipRefill;
using recovery::client::DeviceKey;
using recovery::client::Recovered;
using recovery::client::Sealed;
using recovery::client::WhichVersion;
using recovery::labyrinth::DeviceSigner;
using recovery::labyrinth::Epoch;
using recovery::labyrinth::FloorClaims;
using recovery::labyrinth::HistorySummary;
using recovery::labyrinth::Mailbox;
using recovery::labyrinth::RecoveryCode;
using recovery::labyrinth::Restored;

namespace {

PinSource SourceOf(const PinOptions& options) {
  return options.from_stdin ? PinSource::kStandardInput : PinSource::kTerminal;
}

// The realms, once they have proven what the options demand.
absl::StatusOr<const Connection*> ProvenRealms(Session& session, const PinOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const Connection* connection, session.Realms());
  LABREC_RETURN_IF_ERROR(cli::CheckRealms(*connection->realms, options.attest_policy));
  return connection;
}

absl::StatusOr<SecretBytes> ReadLine() {
  if (cli::prompts_forbidden && isatty(STDIN_FILENO) == 1) {
    return absl::FailedPreconditionError("--no-input: give the recovery code on standard input");
  }
  std::string line;
  if (!std::getline(std::cin, line)) return absl::InvalidArgumentError("no recovery code was given");
  return SecretBytes::TakeFrom(line);
}

// Asks the realms to enrol this device as the account's first; one that is enrolled already is fine.
absl::Status EnrollAsFirst(const Connection& connection, const DeviceKey& key, const PinOptions& options) {
  const auto reports = EnrollDevice(*connection.realms, key, options.device_name, nullptr);
  const size_t good = WarnOfRealms(reports, "enrolling");
  if (good == reports.size() || (options.allow_missing && good >= connection.threshold)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      "this device is not enrolled at all realms. Give its public key (labyrinth-mailbox device key) to "
      "their "
      "operators, or enrol it by another device or the PIN (device enroll); --allow-missing goes on without");
}

absl::StatusOr<Sealed> SealCode(const Session& session, const Connection& connection, const DeviceKey& key,
                                const RecoveryCode& code, const SecretBytes& pin, const PinOptions& options) {
  recovery::client::SealRequest request;
  request.record = session.record;
  request.threshold = connection.threshold;
  request.total_guesses = options.total_guesses;
  if (options.even_if_corrupt) request.against = pin::GuessThief::kCorruptRealms;
  request.guess_limit = options.guess_limit;
  if (options.allow_missing) request.holders = recovery::client::Holders::kThreshold;
  LABREC_RETURN_IF_ERROR(cli::LoadChipOptions(options.chip, request));
  auto sealed = Seal(*connection.realms, request, code.text(), pin, key);
  if (sealed.ok()) return sealed;
  absl::Status status(sealed.status().code(),
                      std::string(sealed.status().message()) +
                          "; the code that was made is not sealed: revoke it with device revoke " +
                          Hex(code.Derive(session.account).id));
  return status;
}

absl::StatusOr<Recovered> RecoverCode(const Session& session, const Connection& connection,
                                      const SecretBytes& pin, const PinOptions& options) {
  const WhichVersion which = options.active ? WhichVersion::kActive : WhichVersion::kNewest;
  LABREC_ASSIGN_OR_RETURN(recovery::client::RecoverOutcome outcome,
                          Recover(*connection.realms,
                                  {session.record, connection.threshold, connection.threshold_from, which,
                                   ChipRefill::kLater, options.own_tries},
                                  pin));
  auto* const recovered = std::get_if<Recovered>(&outcome);
  if (recovered == nullptr) return NotRecovered(outcome, session.record);
  return std::move(*recovered);
}

// Once what was recovered is where it should be.
void GiveGuessesBack(const Connection& connection, Recovered& recovered) {
  RefillChipGuesses(*connection.realms, recovered);
  WarnOfRealms(recovered.reports, "recovering");
}

// Enrols this device by the unlock signature of the record that the PIN opened. The home names the record
// already: who dies in between has a device that the realms do not know, and not one that never asks them.
absl::Status EnrollByRecord(Session& session, const Connection& connection, const Recovered& recovered,
                            const PinOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const DeviceKey key, DeviceKey::Load(session.home.DeviceKeyPath()));
  const auto reports = EnrollDevice(*connection.realms, key, options.device_name, &recovered.authority);
  const size_t good = WarnOfRealms(reports, "enrolling");
  if (good >= connection.threshold) return absl::OkStatus();
  return absl::UnavailableError("too few realms have enrolled this device; run device enroll");
}

// What the realms said with the code.
FloorClaims FloorsOf(const Connection& connection, const Recovered& recovered) {
  const size_t answers = RealmsThatAre(recovered.reports, recovery::client::RealmCondition::kGood).size();
  return ClaimsOf(recovered.floors, recovered.reports.size(), answers, connection.threshold);
}

// `record`, if realms keep one, is written before the state: no home is a member's without it.
absl::StatusOr<Restored> RestoreWith(Session& session, ByteView code, const FloorClaims& floors,
                                     const std::optional<std::string>& record) {
  LABREC_ASSIGN_OR_RETURN(const recovery::labyrinth::StoreHead head, session.store->GetHead());
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<DeviceSigner> signer, session.home.MakeDeviceKey());
  cli::ProgressBar bar(STDERR_FILENO, "following");
  LABREC_ASSIGN_OR_RETURN(
      Restored restored,
      recovery::labyrinth::Restore(
          *session.store, *session.floor, {session.account, code, floors, *signer},
          [&](const Epoch& epoch) { bar.Show(epoch.sequence() + 1, head.sequence + 1, "epochs"); }));
  session.WarnOfFloor(restored.doubted);
  if (record.has_value()) LABREC_RETURN_IF_ERROR(session.home.SaveRecord(*record));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(restored.mailbox.state()));
  if (restored.corrected > 0)
    std::fprintf(stderr, "%zu wrong characters of the code were mended\n", restored.corrected);
  return restored;
}

// The proof that all came back: every message is opened once.
absl::Status ReadBack(Mailbox& mailbox) {
  const auto start = std::chrono::steady_clock::now();
  LABREC_ASSIGN_OR_RETURN(const HistorySummary summary, ReadThrough(mailbox, {0, "restoring", {}}));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  PrintSelf(mailbox);
  std::printf("restored %llu messages in %llu epochs\n", static_cast<unsigned long long>(summary.messages),
              static_cast<unsigned long long>(summary.epochs));
  std::fprintf(stderr, "in %.2f s, %.0f messages/s\n", seconds,
               static_cast<double>(summary.messages) / std::max(seconds, 1e-6));
  if (summary.damaged == 0) return absl::OkStatus();
  return absl::DataLossError(std::to_string(summary.damaged) + " messages do not open");
}

}  // namespace

absl::Status MakePaperCode(Session& session) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  LABREC_ASSIGN_OR_RETURN(const RecoveryCode code, mailbox.MakeRecoveryCode(RecoveryCode::kForPaper));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  const SecretBytes shown = code.Grouped();
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  std::fputc('\n', stdout);
  return absl::OkStatus();
}

absl::Status MakePinCode(Session& session, const PinOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const Connection* connection, ProvenRealms(session, options));
  LABREC_ASSIGN_OR_RETURN(const DeviceKey key, DeviceKey::Load(session.home.DeviceKeyPath()));
  LABREC_RETURN_IF_ERROR(session.home.CheckWritable());
  LABREC_ASSIGN_OR_RETURN(const SecretBytes pin, cli::ReadNewPin(SourceOf(options), "New PIN"));
  LABREC_RETURN_IF_ERROR(EnrollAsFirst(*connection, key, options));
  // Before the record is there: a program that dies in between finds none, and no floor to raise.
  LABREC_RETURN_IF_ERROR(session.home.SaveRecord(session.record));
  session.KeepFloorInRealms();
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  LABREC_ASSIGN_OR_RETURN(const RecoveryCode code, mailbox.MakeRecoveryCode(RecoveryCode::kForPin));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  LABREC_ASSIGN_OR_RETURN(const Sealed sealed, SealCode(session, *connection, key, code, pin, options));
  WarnOfRealms(sealed.reports, "sealing");
  for (const std::string& line : cli::LeftToDo(sealed)) std::fprintf(stderr, "%s\n", line.c_str());
  LABREC_RETURN_IF_ERROR(SaveAndSync(session, mailbox));
  std::printf(
      "sealed recovery code %s: any %u of %zu realms and the PIN bring it back; %u wrong PINs destroy it\n",
      Hex(code.Derive(session.account).id).c_str(), sealed.threshold, sealed.holders, sealed.guess_limit);
  return absl::OkStatus();
}

absl::Status EnrollByPin(Session& session, const PinOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const Connection* connection, ProvenRealms(session, options));
  LABREC_RETURN_IF_ERROR(session.home.CheckWritable());
  LABREC_ASSIGN_OR_RETURN(const SecretBytes pin, cli::ReadPin(SourceOf(options), "PIN"));
  LABREC_ASSIGN_OR_RETURN(Recovered recovered, RecoverCode(session, *connection, pin, options));
  LABREC_RETURN_IF_ERROR(session.home.SaveRecord(session.record));
  GiveGuessesBack(*connection, recovered);
  LABREC_RETURN_IF_ERROR(EnrollByRecord(session, *connection, recovered, options));
  session.KeepFloorInRealms();
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  LABREC_RETURN_IF_ERROR(SaveAndSync(session, mailbox));
  PrintSelf(mailbox);
  return absl::OkStatus();
}

absl::Status RestoreByPin(Session& session, const PinOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const Connection* connection, ProvenRealms(session, options));
  LABREC_RETURN_IF_ERROR(session.home.MakeDeviceKey().status());  // a home that is in use is seen at once
  LABREC_RETURN_IF_ERROR(session.home.CheckWritable());
  LABREC_ASSIGN_OR_RETURN(const SecretBytes pin, cli::ReadPin(SourceOf(options), "PIN"));
  LABREC_ASSIGN_OR_RETURN(Recovered recovered, RecoverCode(session, *connection, pin, options));
  session.KeepFloorInRealms();
  FloorClaims floors;
  if (session.floor_is_in_realms()) floors = FloorsOf(*connection, recovered);
  if (floors.claims.empty()) std::fprintf(stderr, "no epoch floor: what the store shows is believed\n");
  absl::StatusOr<Restored> restored = RestoreWith(session, recovered.secret.view(), floors, session.record);
  GiveGuessesBack(*connection, recovered);
  if (!restored.ok()) return restored.status();
  LABREC_RETURN_IF_ERROR(EnrollByRecord(session, *connection, recovered, options));
  LABREC_RETURN_IF_ERROR(SaveAndSync(session, restored->mailbox));
  return ReadBack(restored->mailbox);
}

absl::Status RestoreFromPaper(Session& session) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes code, ReadLine());
  session.WarnOfNoFloor();
  LABREC_ASSIGN_OR_RETURN(Restored restored, RestoreWith(session, code.view(), FloorClaims{}, std::nullopt));
  LABREC_RETURN_IF_ERROR(SaveAndSync(session, restored.mailbox));
  return ReadBack(restored.mailbox);
}

}  // namespace labrec::mailbox
