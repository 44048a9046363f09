#include "tests/simulation/realm.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/ledger/ledger.h"
#include "recovery/ledger/reanchor.h"
#include "recovery/record/accept/accepting.h"

namespace labrec::sim {
namespace {

constexpr char kNoAnswer[] = "the process died before it answered";

}  // namespace

absl::Status NoAnswer() {
  return absl::UnknownError(kNoAnswer);
}
bool IsNoAnswer(const absl::Status& status) {
  return absl::IsUnknown(status);
}

bool IsStoragesWord(const absl::Status& status) {
  return Universe::Mine()->refused_may_return &&
         status.message().find("storage refused") != std::string_view::npos;
}

uint64_t EpochOf(const Chip& chip, AnchorShape shape) {
  if (shape == AnchorShape::kCounter) return chip.counter;
  if (chip.ratchet.empty()) return 0;
  const Chip::RatchetKey& lowest = std::ranges::min(chip.ratchet, {}, &Chip::RatchetKey::epoch);
  const auto rivals = std::ranges::count(chip.ratchet, lowest.epoch, &Chip::RatchetKey::epoch);
  return rivals == 1 ? lowest.epoch : lowest.epoch - 1;
}

Realm::Realm(Universe& universe, Chip& chip, const Setting& setting, Process& process,
             int64_t clock_skew_millis)
    : universe_(universe),
      chip_(chip),
      setting_(setting),
      process_(process),
      bus_(universe, setting.command_nanos),
      clock_(universe.scheduler(), clock_skew_millis) {}

Realm::~Realm() {
  const Universe::Inside inside(universe_, process_);
  engine_.reset();
  device_.reset();
  store_.reset();
}

absl::Status Realm::OpenParts(recovery::SqliteOptions::Open mode) {
  recovery::SqliteOptions options = setting_.store;
  options.open = mode;
  LABREC_ASSIGN_OR_RETURN(auto store, recovery::OpenSqliteStore(process_.folder / "realm.db", options));
  store_ = std::make_unique<RefusingStore>(std::move(store));
  device_ = OpenChip(chip_, bus_, setting_.shape, setting_.parallelism);
  return absl::OkStatus();
}

absl::Status Realm::Create() {
  const Universe::Inside inside(universe_, process_);
  LABREC_RETURN_IF_ERROR(OpenParts(recovery::SqliteOptions::Open::kCreateIfMissing));
  return recovery::Ledger::Create(*store_, *device_->freshness_anchor(), setting_.engine.realm_id,
                                  setting_.bucket_exponent)
      .status();
}

absl::Status Realm::Accept(const std::filesystem::path& from, uint32_t floor) {
  const Universe::Inside inside(universe_, process_);
  LABREC_RETURN_IF_ERROR(OpenParts(recovery::SqliteOptions::Open::kCreateIfMissing));
  recovery::SqliteOptions options = setting_.store;
  options.open = recovery::SqliteOptions::Open::kExisting;
  LABREC_ASSIGN_OR_RETURN(const auto source, recovery::OpenSqliteStore(from / "realm.db", options));
  recovery::ReanchorRequest request;
  request.realm_id = setting_.engine.realm_id;
  request.transform = [floor](const recovery::RowAddress&, ByteView row) {
    return recovery::AcceptRow(row, {floor, true, false});
  };
  return recovery::Reanchor(*source, *store_, *device_->freshness_anchor(), request).status();
}

absl::StatusOr<bool> Realm::Complete(const recovery::StoreBatch& refused) {
  const Universe::Inside inside(universe_, process_);
  LABREC_RETURN_IF_ERROR(OpenParts(recovery::SqliteOptions::Open::kExisting));
  LABREC_ASSIGN_OR_RETURN(const auto head, store_->ReadHead());
  if (!head || head->epoch > refused.head.epoch || head->epoch + 1 < refused.head.epoch) return false;
  LABREC_RETURN_IF_ERROR(store_->Write(refused));
  return true;
}

absl::Status Realm::Start() {
  const Universe::Inside inside(universe_, process_);
  LABREC_RETURN_IF_ERROR(OpenParts(recovery::SqliteOptions::Open::kExisting));
  LABREC_ASSIGN_OR_RETURN(const auto head, store_->ReadHead());
  if (head) found_epoch_ = head->epoch;
  LABREC_ASSIGN_OR_RETURN(engine_,
                          recovery::Engine::Start(setting_.engine, *store_, *device_, *device_, clock_,
                                                  [this](const absl::Status&) { process_.fatal = true; }));
  return absl::OkStatus();
}

}  // namespace labrec::sim
