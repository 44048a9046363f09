#pragma once

#include <memory>

#include "recovery/server/transport/http/server.h"
#include "recovery/server/watch/metrics.h"

namespace labrec::recovery {

// Serves "GET /metrics" in Prometheus' text format (version 0.0.4), and nothing else, until it is destroyed.
// For a loopback address. `metrics` outlives it.
std::unique_ptr<HttpServer> ServeMetrics(std::unique_ptr<Listener> listener, const Metrics& metrics);

}  // namespace labrec::recovery
