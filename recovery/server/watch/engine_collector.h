#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "recovery/engine/status.h"
#include "recovery/server/transport/connection_table.h"
#include "recovery/server/watch/certificate_watch.h"
#include "recovery/server/watch/wear_meter.h"
#include "recovery/standby/figures.h"
#include "recovery/store/figures.h"

namespace labrec::recovery {

// The engine's figures as Prometheus metrics, read when somebody asks. Threads: any.
class EngineCollector : public prometheus::Collectable {
 public:
  // Empty functions: nothing is reported.
  void Watch(std::function<EngineStatus()> status, std::function<WearFigures()> wear);
  void WatchConnections(std::function<ConnectionFigures()> connections);
  void WatchCertificates(std::function<std::vector<CertificateFigures>()> certificates);
  void WatchStorage(std::function<StorageFigures()> storage);
  void WatchSealing(std::function<SealingFigures()> sealing);
  void WatchStandby(std::function<StandbyFigures()> standby);
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable std::mutex mutex_;
  std::function<EngineStatus()> status_;
  std::function<WearFigures()> wear_;
  std::function<ConnectionFigures()> connections_;
  std::function<std::vector<CertificateFigures>()> certificates_;
  std::function<StandbyFigures()> standby_;
  std::function<StorageFigures()> storage_;
  std::function<SealingFigures()> sealing_;
};

}  // namespace labrec::recovery
