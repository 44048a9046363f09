#include "recovery/server/watch/engine_collector.h"

#include <chrono>
#include <string>
#include <utility>

namespace labrec::recovery {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Figure(const char* name, const char* help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  metric.counter.value = value;
  return MetricFamily{name, help, type, {metric}};
}

MetricFamily Figure(const char* name, const char* help, MetricType type, uint64_t value) {
  return Figure(name, help, type, static_cast<double>(value));
}

std::vector<MetricFamily> WearFamilies(const WearFigures& wear) {
  return {
      Figure("labyrinth_anchor_lifetime_writes_total", "Durable writes of the anchor device, over all runs",
             MetricType::Counter, wear.lifetime),
      Figure("labyrinth_anchor_writes_per_day", "Durable writes of the anchor device, over the last day",
             MetricType::Gauge, wear.per_day),
      Figure("labyrinth_anchor_rated_endurance", "Writes the anchor device is rated for; 0: not known",
             MetricType::Gauge, wear.rated_endurance),
      Figure("labyrinth_anchor_years_left", "Years until that many writes, at the last day's rate",
             MetricType::Gauge, wear.years_left),
  };
}

std::vector<MetricFamily> ConnectionFamilies(const ConnectionFigures& connections) {
  return {
      Figure("labyrinth_connections", "Connections that are open", MetricType::Gauge,
             uint64_t{connections.open}),
      Figure("labyrinth_connections_limit", "So many may be", MetricType::Gauge, uint64_t{connections.limit}),
      Figure("labyrinth_connections_refused_total", "Connections closed at once, as the limit was reached",
             MetricType::Counter, connections.refused),
  };
}

// Their mean over a while is rate(..._sum) / rate(..._count).
MetricFamily SecondsOf(const char* name, const char* help, uint64_t count, double seconds) {
  prometheus::ClientMetric metric;
  metric.summary.sample_count = count;
  metric.summary.sample_sum = seconds;
  return MetricFamily{name, help, MetricType::Summary, {metric}};
}

std::vector<MetricFamily> StorageFamilies(const StorageFigures& storage) {
  return {
      SecondsOf("labyrinth_storage_commit_seconds",
                "Batches that PostgreSQL committed, its own wait for standbys included", storage.commits,
                storage.commit_seconds),
      SecondsOf("labyrinth_storage_replica_wait_seconds",
                "Of that, after COMMIT, until [store] replicas standbys had the batch", storage.commits,
                storage.replica_wait_seconds),
      Figure("labyrinth_storage_connected", "1 while PostgreSQL answers", MetricType::Gauge,
             uint64_t{storage.connected}),
      Figure("labyrinth_storage_standbys", "How many of [store] standby_names follow PostgreSQL",
             MetricType::Gauge, uint64_t{storage.standbys}),
      Figure("labyrinth_storage_standby_lag_bytes",
             "Bytes of PostgreSQL's log that the standby furthest behind has not flushed", MetricType::Gauge,
             storage.lag_bytes),
      Figure("labyrinth_storage_standby_flush_seconds", "How long standbys took lately to flush",
             MetricType::Gauge, storage.flush_seconds),
  };
}

std::vector<MetricFamily> SealingFamilies(const SealingFigures& sealing) {
  constexpr double kMillisecond = 1e-3;
  return {
      Figure("labyrinth_period_key", "Number of the period key that storage is sealed under; 0: it is not",
             MetricType::Gauge, sealing.period),
      Figure("labyrinth_period_key_made_seconds", "When it was made, Unix time", MetricType::Gauge,
             static_cast<double>(sealing.since_ms) * kMillisecond),
      Figure("labyrinth_period_key_earlier", "1 while the key before it is there still", MetricType::Gauge,
             uint64_t{sealing.earlier_period > 0}),
      Figure("labyrinth_period_key_rotation_buckets", "Buckets that a rotation goes through; 0: none does",
             MetricType::Gauge, sealing.buckets),
      Figure("labyrinth_period_key_rotation_buckets_done", "Of those, how many it has behind it",
             MetricType::Gauge, sealing.buckets_done),
      Figure("labyrinth_period_key_rotations_total", "Rotations since the start", MetricType::Counter,
             sealing.rotations),
      Figure("labyrinth_period_key_rotations_failed_total", "Rotations that failed since the start",
             MetricType::Counter, sealing.rotations_failed),
      Figure("labyrinth_period_key_device_writes_total",
             "Durable writes of the anchor device for period keys since the start", MetricType::Counter,
             sealing.device_writes),
  };
}

std::vector<MetricFamily> StandbyFamilies(const StandbyFigures& standby) {
  const auto seconds = [](std::chrono::milliseconds length) {
    return std::chrono::duration<double>(length).count();
  };
  return {
      Figure("labyrinth_standby", "1 where this host follows a realm and does not serve it",
             MetricType::Gauge, uint64_t{1}),
      Figure("labyrinth_standby_ready", "1 while it could take the realm over", MetricType::Gauge,
             uint64_t{standby.refusal.empty()}),
      Figure("labyrinth_standby_unserved_seconds",
             "So long nobody has worked on the ledger, or whoever does has been silent", MetricType::Gauge,
             seconds(standby.unserved_for)),
      Figure("labyrinth_standby_looked_seconds", "How long ago it looked at the ledger", MetricType::Gauge,
             seconds(standby.looked_ago)),
  };
}

MetricFamily CertificateFamily(const std::vector<CertificateFigures>& certificates) {
  constexpr double kSecondsADay = 86400;
  MetricFamily family{"labyrinth_certificate_remaining_seconds",
                      "Until a certificate of this file expires; below 0: it has",
                      MetricType::Gauge,
                      {}};
  for (const CertificateFigures& certificate : certificates) {
    prometheus::ClientMetric metric;
    metric.label = {{"file", certificate.file}};
    metric.gauge.value = certificate.days_left * kSecondsADay;
    family.metric.push_back(metric);
  }
  return family;
}

}  // namespace

void EngineCollector::WatchCertificates(std::function<std::vector<CertificateFigures>()> certificates) {
  const std::lock_guard lock(mutex_);
  certificates_ = std::move(certificates);
}

void EngineCollector::WatchConnections(std::function<ConnectionFigures()> connections) {
  const std::lock_guard lock(mutex_);
  connections_ = std::move(connections);
}

void EngineCollector::Watch(std::function<EngineStatus()> status, std::function<WearFigures()> wear) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
  wear_ = std::move(wear);
}

void EngineCollector::WatchStorage(std::function<StorageFigures()> storage) {
  const std::lock_guard lock(mutex_);
  storage_ = std::move(storage);
}

void EngineCollector::WatchSealing(std::function<SealingFigures()> sealing) {
  const std::lock_guard lock(mutex_);
  sealing_ = std::move(sealing);
}

void EngineCollector::WatchStandby(std::function<StandbyFigures()> standby) {
  const std::lock_guard lock(mutex_);
  standby_ = std::move(standby);
}

std::vector<MetricFamily> EngineCollector::Collect() const {
  const std::lock_guard lock(mutex_);
  if (!status_) return {};
  const EngineStatus now = status_();
  std::vector<MetricFamily> families = {
      Figure("labyrinth_serving", "1 while requests are served", MetricType::Gauge, uint64_t{now.serving}),
      Figure("labyrinth_epoch", "The ledger's epoch", MetricType::Gauge, now.epoch),
      Figure("labyrinth_rows", "Rows in the ledger", MetricType::Gauge, now.records),
      Figure("labyrinth_discontinuities", "How often restored storage was accepted", MetricType::Gauge,
             now.discontinuities),
      Figure("labyrinth_queue_depth", "Requests that wait", MetricType::Gauge, now.queue_depth),
      Figure("labyrinth_device_oldest_call_seconds",
             "How long the call of a security device takes that began first of those under way",
             MetricType::Gauge, std::chrono::duration<double>(now.oldest_device_call).count()),
      Figure("labyrinth_guesses_counted_total", "Guesses counted since the start", MetricType::Counter,
             now.guesses_counted),
      Figure("labyrinth_batches_total", "Ledger batches anchored since the start", MetricType::Counter,
             now.batches),
      Figure("labyrinth_anchor_commits_total", "Durable writes of the anchor device since the start",
             MetricType::Counter, now.anchor.commits),
  };
  if (connections_) {
    for (MetricFamily& family : ConnectionFamilies(connections_())) families.push_back(std::move(family));
  }
  if (certificates_) families.push_back(CertificateFamily(certificates_()));
  if (storage_) {
    for (MetricFamily& family : StorageFamilies(storage_())) families.push_back(std::move(family));
  }
  if (sealing_) {
    for (MetricFamily& family : SealingFamilies(sealing_())) families.push_back(std::move(family));
  }
  if (standby_) {
    for (MetricFamily& family : StandbyFamilies(standby_())) families.push_back(std::move(family));
  }
  if (!wear_) return families;
  for (MetricFamily& family : WearFamilies(wear_())) families.push_back(std::move(family));
  return families;
}

}  // namespace labrec::recovery
