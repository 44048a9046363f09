#include "recovery/server/engine_collector.h"

#include <string>
#include <utility>

namespace labrec::recovery {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Figure(const char* name, const char* help, MetricType type, uint64_t value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = static_cast<double>(value);
  metric.counter.value = static_cast<double>(value);
  return MetricFamily{name, help, type, {metric}};
}

}  // namespace

void EngineCollector::Watch(std::function<EngineStatus()> status) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

std::vector<MetricFamily> EngineCollector::Collect() const {
  const std::lock_guard lock(mutex_);
  if (!status_) return {};
  const EngineStatus now = status_();
  return {
      Figure("labyrinth_serving", "1 while requests are served", MetricType::Gauge, now.serving ? 1 : 0),
      Figure("labyrinth_epoch", "The ledger's epoch", MetricType::Gauge, now.epoch),
      Figure("labyrinth_rows", "Rows in the ledger", MetricType::Gauge, now.records),
      Figure("labyrinth_discontinuities", "How often restored storage was accepted", MetricType::Gauge,
             now.discontinuities),
      Figure("labyrinth_queue_depth", "Requests that wait", MetricType::Gauge, now.queue_depth),
      Figure("labyrinth_guesses_counted_total", "Guesses counted since the start", MetricType::Counter,
             now.guesses_counted),
      Figure("labyrinth_batches_total", "Ledger batches anchored since the start", MetricType::Counter,
             now.batches),
      Figure("labyrinth_anchor_commits_total", "Durable writes of the anchor device since the start",
             MetricType::Counter, now.anchor.commits),
  };
}

}  // namespace labrec::recovery
