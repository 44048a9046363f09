#include "recovery/engine/device/health.h"

#include <spdlog/spdlog.h>

namespace labrec::recovery {

void DeviceHealth::Note(const absl::Status& status) {
  const bool away = absl::IsUnavailable(status);
  if (away_.exchange(away) == away) return;
  if (away) {
    spdlog::error("the {} is away, requests get UNAVAILABLE until it is back: {}", role_,
                  std::string(status.message()));
    on_away_();
  } else {
    spdlog::info("the {} is back", role_);
  }
}

}  // namespace labrec::recovery
