#include "tools/recoveryd/service_watch.h"

#include <spdlog/spdlog.h>

#include "tools/recoveryd/notify.h"

namespace labrec::recoveryd {

bool ServiceWatch::Look(const recovery::EngineStatus& status) {
  const std::string text = status.serving ? "serving" : "not serving: " + status.not_serving_reason;
  if (text != told_) NotifyStatus(text);
  if (!told_.empty() && status.serving != serving_)
    spdlog::warn("{}", status.serving ? "serving again" : text);
  told_ = text;
  serving_ = status.serving;
  return status.serving;
}

}  // namespace labrec::recoveryd
