#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "recovery/engine/engine.h"

namespace labrec::recovery {

// The engine's figures as Prometheus metrics, read when somebody asks. Threads: any.
class EngineCollector : public prometheus::Collectable {
 public:
  // An empty function: nothing is reported.
  void Watch(std::function<EngineStatus()> status);
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable std::mutex mutex_;
  std::function<EngineStatus()> status_;
};

}  // namespace labrec::recovery
