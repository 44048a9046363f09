#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "recovery/engine/status.h"
#include "recovery/server/transport/connection_table.h"
#include "recovery/server/watch/certificate_watch.h"
#include "recovery/server/watch/wear_meter.h"
#include "recovery/standby/figures.h"
#include "recovery/store/figures.h"

namespace labrec::recovery {

// What the realm counts, in Prometheus' terms. docs/operations.md lists the names. Threads: any.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // One call was answered; gRPC's codes have the same numbers.
  void CallFinished(const std::string& method, absl::StatusCode code, std::chrono::nanoseconds took);
  // A call was turned away before anything was done for it; `why` is one of recovery/engine/call/refusal.h.
  void Refused(const std::string& why);
  // A record was seen destroyed for the first time by this process.
  void RecordDestroyed();
  // Figures taken from the engine at every scrape, until StopWatching.
  void Watch(std::function<EngineStatus()> status, std::function<WearFigures()> wear);
  void WatchConnections(std::function<ConnectionFigures()> connections);
  void WatchCertificates(std::function<std::vector<CertificateFigures>()> certificates);
  void WatchStandby(std::function<StandbyFigures()> standby);
  // Of a store on a server; none if empty.
  void WatchStorage(std::function<StorageFigures()> storage);
  // Of a store whose rows are sealed under period keys; none if empty.
  void WatchSealing(std::function<SealingFigures()> sealing);
  void StopWatching();

  // All figures in Prometheus' text format.
  std::string Text() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace labrec::recovery
