#include "recovery/server/watch/wear_meter.h"

#include <string>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "hsm/base/file.h"
#include "hsm/base/text/json.h"

namespace labrec::recovery {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kFormat = 1;
constexpr int64_t kSaveEveryMs = 60'000;

}  // namespace

WearMeter::WearMeter(std::filesystem::path path, const Clock& clock, uint64_t rated_endurance,
                     const EngineStatus& start)
    : path_(std::move(path)), clock_(clock), rated_endurance_(rated_endurance) {
  if (const absl::Status loaded = Load(); loaded.ok()) {
    MakeUp(start);
  } else {
    BeginAnew(loaded, start);
  }
  history_.Note(clock_.NowMillis(), before_);
  SaveLocked(start);
}

// For what a run that was killed did not write down.
void WearMeter::MakeUp(const EngineStatus& start) {
  const uint64_t accounted = saved_epoch_ + start.anchor.commits;
  if (start.epoch > accounted) before_ += start.epoch - accounted;
}

// A realm's first start finds no file: by then the realm has the writes of its making alone.
void WearMeter::BeginAnew(const absl::Status& why, const EngineStatus& start) {
  constexpr uint64_t kOfItsMaking = 1;
  counted_since_ms_ = clock_.NowMillis();
  saved_epoch_ = 0;
  before_ = 0;
  history_ = WearHistory();
  MakeUp(start);
  if (absl::IsNotFound(why) && before_ <= kOfItsMaking) return;
  spdlog::warn(
      "{}: {}; the writes of the anchor device are counted from the ledger's epoch, {}, so there may have "
      "been more",
      path_.string(), std::string(why.message()), start.epoch);
}

absl::Status WearMeter::Load() {
  const auto content = ReadFile(path_, 1U << 16);
  if (absl::IsNotFound(content.status())) return absl::NotFoundError("is not there");
  const Json json = content.ok() ? ParseOrderedJson(AsText(*content)) : Json();
  try {
    if (json.at("format") != kFormat) throw std::invalid_argument("another format");
    before_ = json.at("lifetime_writes").get<uint64_t>();
    saved_epoch_ = json.at("epoch").get<uint64_t>();
    counted_since_ms_ = json.at("counted_since_ms").get<int64_t>();
    std::vector<WearHistory::Sample> samples;
    for (const Json& sample : json.at("hourly")) {
      samples.push_back({sample.at(0).get<int64_t>(), sample.at(1).get<uint64_t>()});
    }
    history_ = WearHistory(std::move(samples));
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return absl::DataLossError(std::string("cannot be used: ") + error.what());
  }
}

void WearMeter::Note(const EngineStatus& status) {
  const std::lock_guard lock(mutex_);
  const int64_t now = clock_.NowMillis();
  history_.Note(now, before_ + status.anchor.commits);
  if (now - saved_at_ms_ >= kSaveEveryMs || now < saved_at_ms_) SaveLocked(status);
}

void WearMeter::Save(const EngineStatus& status) {
  const std::lock_guard lock(mutex_);
  SaveLocked(status);
}

void WearMeter::SaveLocked(const EngineStatus& status) {
  saved_at_ms_ = clock_.NowMillis();
  Json hourly = Json::array();
  for (const WearHistory::Sample& sample : history_.samples()) {
    hourly.push_back(Json::array({sample.at_ms, sample.writes}));
  }
  const Json json = {{"format", kFormat},
                     {"counted_since_ms", counted_since_ms_},
                     {"lifetime_writes", before_ + status.anchor.commits},
                     {"epoch", status.epoch},
                     {"hourly", std::move(hourly)}};
  const absl::Status written = WriteFile(path_, AsBytes(JsonText(json)), 0600, Overwrite::kReplace);
  if (!written.ok()) spdlog::warn("wear is not written down: {}", std::string(written.message()));
}

WearFigures WearMeter::Figures(uint64_t writes_since_start) const {
  const std::lock_guard lock(mutex_);
  WearFigures figures;
  figures.since_start = writes_since_start;
  figures.lifetime = before_ + writes_since_start;
  figures.counted_since_ms = counted_since_ms_;
  const int64_t now = clock_.NowMillis();
  figures.per_day = history_.PerDay(now, figures.lifetime, 1);
  figures.rated_endurance = rated_endurance_;
  figures.years_left =
      YearsLeft(figures.lifetime, rated_endurance_, history_.PerDay(now, figures.lifetime, 7));
  return figures;
}

}  // namespace labrec::recovery
