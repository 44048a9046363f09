#include "tools/recoveryd/log.h"

#include <atomic>
#include <chrono>
#include <cstdlib>

#include <grpc/support/log.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace labrec::recoveryd {
namespace {

// Whether a second has passed since the last time this said yes.
bool OncePerSecond() {
  static std::atomic<int64_t> last{-1};
  const int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
  int64_t seen = last.load();
  return seen != now && last.compare_exchange_strong(seen, now);
}

void FromGrpc(gpr_log_func_args* args) {
  if (args->severity != GPR_LOG_SEVERITY_ERROR) {
    spdlog::debug("grpc: {}", args->message);
  } else if (OncePerSecond()) {
    spdlog::warn("grpc: {}", args->message);
  }
}

}  // namespace

void StartLog(const std::string& level) {
  auto logger = spdlog::stderr_logger_mt("labyrinth-recoveryd");
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  logger->set_pattern(journal ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function(FromGrpc);
}

}  // namespace labrec::recoveryd
