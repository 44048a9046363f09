#include "recovery/server/watch/metrics.h"

#include <utility>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "recovery/engine/call/refusal.h"
#include "recovery/server/watch/engine_collector.h"

namespace labrec::recovery {
namespace {

const prometheus::Histogram::BucketBoundaries& Seconds() {
  static const prometheus::Histogram::BucketBoundaries boundaries{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                                  0.1,   0.25,   0.5,   1,    2.5,   10};
  return boundaries;
}

}  // namespace

class Metrics::Parts {
 public:
  std::unique_ptr<prometheus::Registry> registry = std::make_unique<prometheus::Registry>();
  std::unique_ptr<EngineCollector> engine = std::make_unique<EngineCollector>();
  prometheus::Family<prometheus::Counter>& calls = prometheus::BuildCounter()
                                                       .Name("labyrinth_calls_total")
                                                       .Help("Calls answered, by method and gRPC code")
                                                       .Register(*registry);
  prometheus::Family<prometheus::Histogram>& duration = prometheus::BuildHistogram()
                                                            .Name("labyrinth_call_seconds")
                                                            .Help("How long calls took")
                                                            .Register(*registry);
  prometheus::Family<prometheus::Counter>& refused =
      prometheus::BuildCounter()
          .Name("labyrinth_refused_total")
          .Help("Calls turned away before anything was done or counted for them, by reason")
          .Register(*registry);
  prometheus::Counter& destroyed = prometheus::BuildCounter()
                                       .Name("labyrinth_records_destroyed_total")
                                       .Help("Records seen destroyed, each once per run")
                                       .Register(*registry)
                                       .Add({});
};

// All reasons are there from the start, so that an alert on one does not wait for its first time.
Metrics::Metrics() : parts_(std::make_unique<Parts>()) {
  for (const std::string_view why : refusal::kAll) parts_->refused.Add({{"reason", std::string(why)}});
}
Metrics::~Metrics() = default;

void Metrics::CallFinished(const std::string& method, absl::StatusCode code, std::chrono::nanoseconds took) {
  parts_->calls.Add({{"method", method}, {"code", absl::StrCat(static_cast<int>(code))}}).Increment();
  parts_->duration.Add({{"method", method}}, Seconds()).Observe(std::chrono::duration<double>(took).count());
}

void Metrics::Refused(const std::string& why) {
  parts_->refused.Add({{"reason", why}}).Increment();
}

void Metrics::RecordDestroyed() {
  parts_->destroyed.Increment();
}

void Metrics::Watch(std::function<EngineStatus()> status, std::function<WearFigures()> wear) {
  parts_->engine->Watch(std::move(status), std::move(wear));
}

void Metrics::WatchConnections(std::function<ConnectionFigures()> connections) {
  parts_->engine->WatchConnections(std::move(connections));
}

void Metrics::WatchCertificates(std::function<std::vector<CertificateFigures>()> certificates) {
  parts_->engine->WatchCertificates(std::move(certificates));
}

void Metrics::WatchStandby(std::function<StandbyFigures()> standby) {
  parts_->engine->WatchStandby(std::move(standby));
}

void Metrics::WatchSealing(std::function<SealingFigures()> sealing) {
  parts_->engine->WatchSealing(std::move(sealing));
}

void Metrics::WatchStorage(std::function<StorageFigures()> storage) {
  parts_->engine->WatchStorage(std::move(storage));
}

void Metrics::StopWatching() {
  parts_->engine->Watch(nullptr, nullptr);
  parts_->engine->WatchConnections(nullptr);
  parts_->engine->WatchCertificates(nullptr);
  parts_->engine->WatchStandby(nullptr);
  parts_->engine->WatchSealing(nullptr);
  parts_->engine->WatchStorage(nullptr);
}

std::string Metrics::Text() const {
  std::vector<prometheus::MetricFamily> families = parts_->registry->Collect();
  for (prometheus::MetricFamily& family : parts_->engine->Collect()) families.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace labrec::recovery
