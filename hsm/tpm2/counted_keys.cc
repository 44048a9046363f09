#include "hsm/tpm2/counted_keys.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/counted/evaluation.h"
#include "hsm/tpm2/counted/index.h"
#include "hsm/tpm2/counted/key.h"
#include "hsm/tpm2/counted/range_mark.h"
#include "hsm/tpm2/counted/signed_write.h"
#include "hsm/tpm2/counted/trial.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/link/commands.h"
#include "hsm/tpm_wire/counted_areas.h"

namespace labrec::hsm::tpm2 {
namespace {

// The unlock key of `key`. INVALID_ARGUMENT if the key's fields do not fit together.
absl::StatusOr<EcdsaPublicKey> UnlockKeyOf(const CountedKey& key) {
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey unlock_key, EcdsaPublicKey::FromSpki(key.unlock_key));
  const auto area = tpm::CountingIndexArea(key.index, unlock_key, tpm::Written::kNo);
  if (area.Marshal() == key.index_public) return unlock_key;
  return absl::InvalidArgumentError("a counted key whose index is not its unlock key's");
}

absl::StatusOr<uint32_t> FreePlace(Context& context, IndexRange range) {
  absl::StatusOr<uint32_t> index = FreeIndex(context, range);
  if (!absl::IsResourceExhausted(index.status())) return index;
  return absl::ResourceExhaustedError(
      absl::StrCat("all ", range.count,
                   " places for records that the TPM counts are taken; delete records "
                   "that are not needed, or widen the range (counted-indices in the device's address)"));
}

}  // namespace

absl::StatusOr<CountedCapacity> TpmCountedKeys::Capacity() {
  CountedCapacity capacity;
  const IndexRange range = CountingRange(range_);
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> handles, HandlesFrom(*realm.context, range.first));
    capacity.used =
        static_cast<uint32_t>(std::count_if(handles.begin(), handles.end(), [range](uint32_t handle) {
          return handle - range.first < range.count;
        }));
    return absl::OkStatus();
  }));
  capacity.first = range.first;
  capacity.handles = range.count;
  capacity.free_handles = range.count - capacity.used;
  capacity.chip_is_full = chip_is_full_;
  return capacity;
}

absl::StatusOr<std::vector<FoundCountingIndex>> TpmCountedKeys::List() {
  std::vector<FoundCountingIndex> found;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const std::optional<Bytes> mark, ReadRangeMark(realm, range_));
    found.clear();
    if (mark != realm_id_) return absl::OkStatus();  // nothing there is ours
    LABREC_ASSIGN_OR_RETURN(found, ListCounting(*realm.context, CountingRange(range_)));
    return absl::OkStatus();
  }));
  return found;
}

// Makes key and index once, and never repeats it: an index whose answer was lost is an orphan, which List
// shows.
absl::StatusOr<CountedKey> TpmCountedKeys::Define(const EcdsaPublicKey& unlock_key) {
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) {
    const absl::Status taken = tried_.ok() ? TakeRange(realm, range_, realm_id_) : tried_;
    if (absl::IsUnimplemented(taken)) tried_ = taken;  // not once more for each that asks: it is written
    return taken;
  }));
  CountedKey key;
  const absl::Status made = connection_.Run(OnLoss::kGiveUp, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const uint32_t index, FreePlace(*realm.context, CountingRange(range_)));
    LABREC_ASSIGN_OR_RETURN(key, CreateCountedKey(realm, index, unlock_key));
    const absl::Status defined = DefineCounting(realm, index, unlock_key).status();
    if (absl::IsResourceExhausted(defined)) chip_is_full_ = true;
    return defined;
  });
  LABREC_RETURN_IF_ERROR(made);
  return key;
}

absl::StatusOr<WriteSession> TpmCountedKeys::BeginWrite() {
  WriteSession begun;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(begun, realm.write_sessions->Begin(std::chrono::steady_clock::now()));
    return absl::OkStatus();
  }));
  return begun;
}

// A TPM that was reset is noticed by a command in the realm's own session.
absl::StatusOr<std::vector<uint64_t>> TpmCountedKeys::OpenWrites() {
  std::vector<uint64_t> open;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) {
    std::array<uint8_t, 1> ignored{};
    const absl::Status there = GetRandom(*realm.context, *realm.session, ignored);
    open = realm.write_sessions->Open(std::chrono::steady_clock::now());
    return there;
  }));
  return open;
}

absl::StatusOr<UseCount> TpmCountedKeys::FinishWrite(const CountedKey& key, uint64_t session, uint32_t limit,
                                                     ByteView signature) {
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey unlock_key, UnlockKeyOf(key));
  LABREC_RETURN_IF_ERROR(ReadUse(key).status());  // a TPM that was reset is noticed here
  UseCount use;
  const absl::Status written = connection_.Run(OnLoss::kGiveUp, [&](LoadedRealm& realm) -> absl::Status {
    const auto now = std::chrono::steady_clock::now();
    LABREC_ASSIGN_OR_RETURN(const Bytes nonce, realm.write_sessions->NonceOf(session, now));
    LABREC_ASSIGN_OR_RETURN(CountingIndex index, OpenCounting(*realm.context, key.index, unlock_key));
    const LimitWrite write{index, unlock_key, limit};
    LABREC_RETURN_IF_ERROR(CheckWriteSignature(write, nonce, signature));
    LABREC_ASSIGN_OR_RETURN(PolicySession policy, realm.write_sessions->Take(session, now));
    LABREC_ASSIGN_OR_RETURN(use, WriteLimit(realm, write, std::move(policy), nonce, signature));
    return absl::OkStatus();
  });
  LABREC_RETURN_IF_ERROR(written);
  return use;
}

absl::StatusOr<CountedOutcome> TpmCountedKeys::Evaluate(const CountedKey& key, const P256Point& element) {
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey unlock_key, UnlockKeyOf(key));
  LABREC_ASSIGN_OR_RETURN(const UseCount before, ReadUse(key));  // a reset TPM is noticed here
  if (before.count >= before.limit) return Spent{before};
  std::optional<CountedResult> evaluated;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kGiveUp, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(evaluated, EvaluateOnce(realm, key, unlock_key, before, element));
    return absl::OkStatus();
  }));
  return *evaluated;
}

absl::StatusOr<UseCount> TpmCountedKeys::ReadUse(const CountedKey& key) {
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey unlock_key, UnlockKeyOf(key));
  UseCount use;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const CountingIndex index, OpenCounting(*realm.context, key.index, unlock_key));
    LABREC_ASSIGN_OR_RETURN(use, tpm2::ReadUse(realm, index));
    return absl::OkStatus();
  }));
  return use;
}

absl::Status TpmCountedKeys::Delete(uint32_t index) {
  const IndexRange range = CountingRange(range_);
  if (index - range.first >= range.count) {
    return absl::InvalidArgumentError(absl::StrCat("0x", absl::Hex(index), " is not in this realm's range"));
  }
  LABREC_RETURN_IF_ERROR(
      connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) { return RemoveCounting(realm, index); }));
  chip_is_full_ = false;
  return absl::OkStatus();
}

}  // namespace labrec::hsm::tpm2
