#include <utility>

#include "recovery/client/base/realm_address.h"
#include "recovery/client/c/operation.h"
#include "recovery/client/c/views.h"
#include "recovery/client/chip/guesses.h"
#include "recovery/client/operations/change_pin.h"
#include "recovery/client/operations/delete_record.h"
#include "recovery/client/operations/devices.h"
#include "recovery/client/operations/epoch_floor.h"
#include "recovery/client/operations/heal.h"
#include "recovery/client/operations/recover.h"
#include "recovery/client/operations/seal.h"
#include "recovery/client/operations/status.h"

namespace labrec::recovery::client::c {
namespace {

using Reports = std::vector<RealmReport>;

RecoverRequest RequestOf(const char* record, const lrc_recover_options* options) {
  RecoverRequest request;
  request.record = TextOf(record);
  if (options == nullptr) return request;
  request.least_realms = options->least_realms;
  if (options->persons_word != 0) request.least_from = LeastFrom::kPerson;
  if (options->active_only != 0) request.which = WhichVersion::kActive;
  if (options->refill_later != 0) request.refill = ChipRefill::kLater;
  request.own_tries = options->own_tries;
  return request;
}

Holders HoldersOf(int allow_missing) {
  return allow_missing != 0 ? Holders::kThreshold : Holders::kEveryRealm;
}

std::optional<Enforcement> EnforcementOf(lrc_counting counting) {
  switch (counting) {
    case LRC_COUNTED_BY_LEDGER:
      return Enforcement::kLedger;
    case LRC_COUNTED_BY_CHIP:
      return Enforcement::kChip;
    case LRC_COUNTED_BY_CHIP_OR_LEDGER:
      return Enforcement::kChipOrLedger;
    default:
      return std::nullopt;
  }
}

SealRequest SealOf(const char* record, const lrc_seal_options* options, const Settings& settings) {
  SealRequest seal;
  seal.record = TextOf(record);
  if (settings.proof) seal.trust.roots = settings.proof->trust;
  if (options == nullptr) return seal;
  seal.threshold = options->threshold;
  if (options->total_guesses != 0) seal.total_guesses = options->total_guesses;
  if (options->guess_limit != 0) seal.guess_limit = options->guess_limit;
  if (options->argon_memory_kib != 0) seal.argon.memory_kib = options->argon_memory_kib;
  if (options->argon_passes != 0) seal.argon.passes = options->argon_passes;
  if (options->argon_lanes != 0) seal.argon.lanes = options->argon_lanes;
  seal.holders = HoldersOf(options->allow_missing);
  seal.enforcement = EnforcementOf(options->counting);
  return seal;
}

Least LeastOf(const lrc_op& op, const RecoverRequest& request) {
  Least least;
  least.realms = request.least_realms != 0 ? request.least_realms : Majority(op.account.size());
  least.from = request.least_from;
  return least;
}

// A device's id: the bytes that a name of 16 takes.
std::optional<std::array<uint8_t, 16>> DeviceId(lrc_bytes bytes) {
  std::array<uint8_t, 16> id{};
  if (bytes.size != id.size()) return std::nullopt;
  std::copy_n(bytes.data, id.size(), id.data());
  return id;
}

core::Task<Reports> Refilled(core::Scope& scope, core::Account& account, const Recovered& recovered,
                             uint32_t own_tries) {
  Reports reports = recovered.reports;
  LABREC_CO_RETURN_IF_ERROR(
      co_await core::RefillChips(scope, account, recovered.group, recovered.authority, own_tries, reports));
  co_return reports;
}

lrc_op* FailedAtStart(lrc_op* op, std::string_view what) {
  op->Fail(absl::InvalidArgumentError(std::string(what)));
  return op;
}

}  // namespace
}  // namespace labrec::recovery::client::c

extern "C" {

namespace client = labrec::recovery::client;
namespace core = labrec::recovery::client::core;
namespace c = labrec::recovery::client::c;

lrc_op* lrc_recover(const lrc_account* account, const char* record, const lrc_recover_options* options,
                    lrc_bytes pin) noexcept {
  auto* op = new lrc_op(*account);
  if (!op->TakePin(pin, op->pin)) return op;
  op->request = c::RequestOf(record, options);
  op->Run<client::RecoverOutcome>(
      [op](core::Scope& scope) { return core::Recover(scope, op->account, op->request, op->pin); });
  return op;
}

lrc_op* lrc_refill(const lrc_account* account, const lrc_op* recovered, uint32_t own_tries) noexcept {
  auto* op = new lrc_op(*account);
  if (op->SignerFor(recovered) == nullptr) return op;
  if (op->recovered == nullptr) return c::FailedAtStart(op, "a refill needs what was recovered");
  if (op->recovered->reports.size() != op->account.size()) {
    return c::FailedAtStart(op, "what was recovered is of an account with other realms");
  }
  op->Run<c::Reports>([op, own_tries](core::Scope& scope) {
    return c::Refilled(scope, op->account, *op->recovered, own_tries);
  });
  return op;
}

lrc_op* lrc_seal(const lrc_account* account, const char* record, const lrc_seal_options* options,
                 lrc_bytes pin, lrc_bytes secret, const lrc_op* recovered) noexcept {
  auto* op = new lrc_op(*account);
  if (!op->TakePin(pin, op->pin)) return op;
  op->secret = c::SecretOf(secret);
  op->seal = c::SealOf(record, options, *op->settings);
  const core::Signer* signer = op->SignerFor(recovered);
  if (signer == nullptr) return op;
  // A recovery of the same record knows the version that gives way.
  if (op->recovered != nullptr && op->recovered->authority.record() == op->seal.record) {
    op->retirement.emplace(client::Retirement{op->recovered->group, op->recovered->authority,
                                              op->recovered->reports, op->recovered->own_tries});
    op->seal.retire = &*op->retirement;
  }
  op->Run<client::Sealed>([op, signer](core::Scope& scope) {
    return core::Seal(scope, op->account, op->seal, op->secret, op->pin, *signer);
  });
  return op;
}

lrc_op* lrc_change_pin(const lrc_account* account, const char* record, const lrc_recover_options* options,
                       int allow_missing, lrc_bytes old_pin, lrc_bytes new_pin) noexcept {
  auto* op = new lrc_op(*account);
  if (!op->TakePin(old_pin, op->pin) || !op->TakePin(new_pin, op->new_pin)) return op;
  op->request = c::RequestOf(record, options);
  op->Run<client::PinChange>([op, allow_missing](core::Scope& scope) {
    return core::ChangePin(scope, op->account, op->request, c::HoldersOf(allow_missing), op->pin, op->new_pin,
                           op->Device());
  });
  return op;
}

lrc_op* lrc_heal(const lrc_account* account, const char* record, const lrc_recover_options* options,
                 int allow_missing, lrc_bytes pin) noexcept {
  auto* op = new lrc_op(*account);
  if (!op->TakePin(pin, op->pin)) return op;
  op->request = c::RequestOf(record, options);
  op->Run<client::PinChange>([op, allow_missing](core::Scope& scope) {
    return core::Heal(scope, op->account, op->request, c::HoldersOf(allow_missing), op->pin, op->Device());
  });
  return op;
}

lrc_op* lrc_status(const lrc_account* account, const char* record,
                   const lrc_recover_options* options) noexcept {
  auto* op = new lrc_op(*account);
  op->request = c::RequestOf(record, options);
  op->Run<client::RecordStatus>([op](core::Scope& scope) {
    return core::GetStatus(scope, op->account, op->request.record, c::LeastOf(*op, op->request));
  });
  return op;
}

lrc_op* lrc_delete(const lrc_account* account, const char* record, const lrc_op* recovered) noexcept {
  auto* op = new lrc_op(*account);
  op->request = c::RequestOf(record, nullptr);
  const core::Signer* signer = op->SignerFor(recovered);
  if (signer == nullptr) return op;
  // By what was recovered of this record on these realms, its chips are left without a guess first.
  const client::Recovered* by_pin = op->recovered.get();
  if (by_pin != nullptr && by_pin->authority.record() == op->request.record &&
      by_pin->reports.size() == op->account.size()) {
    op->Run<c::Reports>(
        [op](core::Scope& scope) { return core::DeleteRecovered(scope, op->account, *op->recovered); });
    return op;
  }
  op->Run<c::Reports>([op, signer](core::Scope& scope) {
    return core::DeleteRecord(scope, op->account, op->request.record, *signer);
  });
  return op;
}

lrc_op* lrc_enroll(const lrc_account* account, const char* device_name, lrc_bytes voucher_id,
                   const lrc_op* recovered) noexcept {
  auto* op = new lrc_op(*account);
  op->name = c::TextOf(device_name);
  if (!op->device) return c::FailedAtStart(op, "the account has no device_public_key to enrol");
  const core::Signer* authority = nullptr;
  if (recovered != nullptr) {
    authority = op->SignerFor(recovered);
    if (authority == nullptr) return op;
  } else if (voucher_id.size != 0) {
    const auto id = c::DeviceId(voucher_id);
    if (!id) return c::FailedAtStart(op, "a device's id has 16 bytes");
    authority = &op->voucher.emplace(*id);
  }
  op->Run<c::Reports>([op, authority](core::Scope& scope) {
    return core::EnrollDevice(scope, op->account, *op->settings->device, *op->device, op->name, authority);
  });
  return op;
}

lrc_op* lrc_revoke(const lrc_account* account, lrc_bytes device_id, const lrc_op* recovered) noexcept {
  auto* op = new lrc_op(*account);
  const auto id = c::DeviceId(device_id);
  if (!id) return c::FailedAtStart(op, "a device's id has 16 bytes");
  const core::Signer* signer = op->SignerFor(recovered);
  if (signer == nullptr) return op;
  op->Run<c::Reports>([op, signer, id = *id](core::Scope& scope) {
    return core::RevokeDevice(scope, op->account, id, *signer);
  });
  return op;
}

lrc_op* lrc_raise_floor(const lrc_account* account, const char* record, uint64_t sequence,
                        lrc_bytes digest) noexcept {
  auto* op = new lrc_op(*account);
  op->request = c::RequestOf(record, nullptr);
  labrec::Digest value{};
  if (digest.size != value.size()) return c::FailedAtStart(op, "a floor's digest has 32 bytes");
  std::copy_n(digest.data, value.size(), value.data());
  const core::Signer* signer = op->SignerFor(nullptr);
  if (signer == nullptr) return op;
  op->Run<c::Reports>([op, signer, sequence, value](core::Scope& scope) {
    return core::RaiseFloor(scope, op->account, op->request.record, sequence, value, *signer);
  });
  return op;
}

lrc_op* lrc_read_floor(const lrc_account* account, const char* record) noexcept {
  auto* op = new lrc_op(*account);
  op->request = c::RequestOf(record, nullptr);
  const core::Signer* signer = op->SignerFor(nullptr);
  if (signer == nullptr) return op;
  op->Run<client::FloorReading>([op, signer](core::Scope& scope) {
    return core::ReadFloor(scope, op->account, op->request.record, *signer);
  });
  return op;
}

lrc_op* lrc_attest(const lrc_account* account) noexcept {
  auto* op = new lrc_op(*account);
  if (!op->settings->proof) return c::FailedAtStart(op, "the account demands no proof: lrc_options.proof");
  // The proofs come first anyway, and make the report.
  op->Run<c::Reports>([op](core::Scope&) { return c::ProvenSoFar(op->account); });
  return op;
}

}  // extern "C"
