#include "recovery/server/web/metrics_page.h"

#include <string>
#include <utility>

namespace labrec::recovery {
namespace {

constexpr char kType[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr size_t kConnections = 64;  // scrapers, and whoever looks by hand

HttpAnswer Refusal(int status, const std::string& why) {
  return {status, {{"content-type", "text/plain"}}, why + "\n"};
}

HttpAnswer Page(const HttpRequest& request, const Metrics& metrics) {
  if (request.target != "/metrics") return Refusal(404, "only /metrics is here");
  if (request.method != "GET") return Refusal(405, "it is read by GET");
  return {200, {{"content-type", kType}}, metrics.Text()};
}

}  // namespace

std::unique_ptr<HttpServer> ServeMetrics(std::unique_ptr<Listener> listener, const Metrics& metrics) {
  HttpLimits limits;
  limits.request.body_bytes = 0;
  limits.connections = kConnections;
  return HttpServer::Serve(
      std::move(listener), limits, 1,
      [&metrics](std::unique_ptr<HttpExchange> exchange) {
        exchange->Answer(Page(exchange->request(), metrics), [] {});
      },
      Refusal);
}

}  // namespace labrec::recovery
