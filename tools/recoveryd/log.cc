#include "tools/recoveryd/log.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <utility>

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "recovery/api/names.h"

namespace labrec::recoveryd {
namespace {

// Whether a second has passed since the last time this said yes for `last`.
bool OncePerSecond(std::atomic<int64_t>& last) {
  const int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
  int64_t seen = last.load();
  return seen != now && last.compare_exchange_strong(seen, now);
}

void FromGrpc(gpr_log_func_args* args) {
  static std::atomic<int64_t> last{-1};
  if (args->severity != GPR_LOG_SEVERITY_ERROR) {
    spdlog::debug("grpc: {}", args->message);
  } else if (OncePerSecond(last)) {
    spdlog::warn("grpc: {}", args->message);
  }
}

// protobuf writes to stderr by itself otherwise, a line for each message of a client that is not well-formed.
void FromProtobuf(google::protobuf::LogLevel level, const char* /*file*/, int /*line*/,
                  const std::string& message) {
  static std::atomic<int64_t> last{-1};
  if (level >= google::protobuf::LOGLEVEL_WARNING && OncePerSecond(last)) {
    spdlog::warn("protobuf: {}", message);
  } else {
    spdlog::debug("protobuf: {}", message);
  }
}

// "%*" in a pattern.
class OnOneLine final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const std::string text = Printable({message.payload.data(), message.payload.size()});
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<OnOneLine>();
  }
};

}  // namespace

std::string Printable(std::string_view text) {
  if (recovery::IsPlainUtf8(text)) return std::string(text);
  std::string escaped;
  for (const char each : text) {
    if (absl::ascii_isprint(static_cast<unsigned char>(each))) {
      escaped += each;
    } else {
      absl::StrAppend(&escaped, "\\x", absl::Hex(static_cast<unsigned char>(each), absl::kZeroPad2));
    }
  }
  return escaped;
}

void StartLog(const std::string& level) {
  auto logger = spdlog::stderr_logger_mt("labyrinth-recoveryd");
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<OnOneLine>('*').set_pattern(journal ? "%l: %*" : "%Y-%m-%dT%H:%M:%S.%e%z %l: %*");
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function(FromGrpc);
  google::protobuf::SetLogHandler(FromProtobuf);
}

}  // namespace labrec::recoveryd
