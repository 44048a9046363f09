#include "tools/recoveryd/service_watch.h"

#include "tools/recoveryd/notify.h"

namespace labrec::recoveryd {

bool ServiceWatch::Look(const recovery::EngineStatus& status) {
  const std::string text = status.serving ? "serving" : "not serving: " + status.not_serving_reason;
  if (text != told_) NotifyStatus(text);
  told_ = text;
  return status.serving;
}

}  // namespace labrec::recoveryd
