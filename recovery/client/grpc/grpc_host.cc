#include "recovery/client/grpc/grpc_host.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/security/auth_context.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/random_source.h"
#include "recovery/api/retry_after.h"
#include "recovery/client/grpc/connection.h"
#include "recovery/client/grpc/http_proxy.h"
#include "recovery/client/grpc/tls_failure.h"

namespace labrec::recovery::client {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kService = "/labyrinth.recovery.v1.Recovery/";

std::optional<int64_t> RetryAfterMs(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto entry = metadata.find(kRetryAfter);
  int64_t time = 0;
  if (entry == metadata.end() ||
      !absl::SimpleAtoi(absl::string_view(entry->second.data(), entry->second.size()), &time) || time < 0) {
    return std::nullopt;
  }
  return time;
}

grpc::ByteBuffer ToBuffer(const Bytes& bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return {&slice, 1};
}

Bytes FromBuffer(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  Bytes bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) bytes.insert(bytes.end(), slice.begin(), slice.end());
  return bytes;
}

core::Realm RealmOf(const RealmChannel& channel) {
  const RealmAddress& address = channel.address();
  const std::string proxy = HttpProxyFor(address.address, getenv);
  std::string route;
  if (!proxy.empty()) {
    route = absl::StrCat("through the proxy that the environment names (", proxy, ")");
  }
  return {address.id,  address.name, address.address, route, channel.unproven(), channel.proven_tls_key(),
          std::nullopt};
}

core::Limits LimitsOf(const ClientOptions& options) {
  return {options.channel.timeout.count(), options.channel.attempts, options.grace.count(),
          options.begin_limit.count()};
}

}  // namespace

// The tag of one event of the queue.
class GrpcHost::Errand {
 public:
  explicit Errand(core::StepId step) : id(step) {}
  virtual ~Errand() = default;
  // Ends it soon; its event still comes.
  virtual void Cancel() = 0;
  // After its event.
  virtual core::Reply Reply() = 0;

  const core::StepId id;
  bool wanted = true;
};

class GrpcHost::Loop {
 public:
  grpc::CompletionQueue queue;
  std::map<core::StepId, std::unique_ptr<Errand>> errands;
};

class GrpcHost::GrpcCall final : public Errand {
 public:
  GrpcCall(core::StepId step, RealmChannel& channel, const core::CallStep& call, milliseconds timeout,
           grpc::CompletionQueue& queue)
      : Errand(step), channel_(channel), connection_(channel.connection()) {
    context_.set_deadline(std::chrono::system_clock::now() + timeout);
    if (!call.token.empty()) context_.AddMetadata("authorization", "Bearer " + call.token);
    const std::string method = absl::StrCat(std::string(kService), std::string(call.method));
    reader_ = connection_->stub.PrepareUnaryCall(&context_, method, ToBuffer(call.body), &queue);
    reader_->StartCall();
    reader_->Finish(&response_, &status_, static_cast<Errand*>(this));
  }
  void Cancel() override { context_.TryCancel(); }
  core::Reply Reply() override {
    core::Reply reply;
    reply.status = WithTlsFailure(
        absl::Status(static_cast<absl::StatusCode>(status_.error_code()), status_.error_message()));
    reply.retry_after_ms = RetryAfterMs(context_);
    if (!status_.ok()) return reply;
    reply.body = FromBuffer(response_);
    // This call's own: another one may have ended meanwhile. The core judges it.
    if (const auto hash = channel_.NoteCertificate(context_); hash.ok()) reply.tls_key_hash = *hash;
    return reply;
  }

 private:
  RealmChannel& channel_;
  const std::shared_ptr<RealmChannel::Connection> connection_;
  grpc::ClientContext context_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader_;
};

class GrpcHost::Fetch final : public Errand {
 public:
  Fetch(core::StepId step, RealmToken& token, std::string refused, grpc::CompletionQueue& queue)
      : Errand(step), thread_([this, &token, refused = std::move(refused), &queue] {
          const auto cancelled = [this] { return cancelled_.load(); };
          if (!refused.empty()) token.Renew(refused, cancelled);
          result_ = token.Get(cancelled);
          alarm_.Set(&queue, std::chrono::system_clock::now(), static_cast<Errand*>(this));
        }) {}
  ~Fetch() override {
    if (thread_.joinable()) thread_.join();
  }
  void Cancel() override { cancelled_ = true; }
  // The thread has nothing left to do but to end.
  core::Reply Reply() override {
    thread_.join();
    if (!result_.ok()) return {result_.status(), {}, {}, {}};
    return {absl::OkStatus(), ToBytes(*result_), {}, {}};
  }

 private:
  std::atomic<bool> cancelled_ = false;
  absl::StatusOr<std::string> result_;
  grpc::Alarm alarm_;
  std::thread thread_;  // last: it uses the others
};

GrpcHost::GrpcHost(const RealmSet& realms)
    : realms_(realms),
      account_(*this, realms.tenant(), realms.account(), LimitsOf(realms.options())),
      start_(std::chrono::steady_clock::now()),
      loop_(std::make_unique<Loop>()) {
  for (size_t i = 0; i < realms.size(); ++i) account_.Add(RealmOf(realms[i]));
}

GrpcHost::~GrpcHost() {
  for (const auto& [id, errand] : loop_->errands) errand->Cancel();
  void* tag = nullptr;
  bool ok = false;
  while (!loop_->errands.empty() && loop_->queue.Next(&tag, &ok)) {
    loop_->errands.erase(static_cast<Errand*>(tag)->id);
  }
  loop_->queue.Shutdown();
  while (loop_->queue.Next(&tag, &ok)) {
  }
}

void GrpcHost::Random(std::span<uint8_t> to) {
  SystemRandom(to);
}

int64_t GrpcHost::UnixMillis() {
  return SystemClock().NowMillis();
}

int64_t GrpcHost::NowMs() const {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start_).count();
}

// The answer, where there is one at once.
std::optional<core::Reply> GrpcHost::Take(core::Step& step) {
  if (std::holds_alternative<core::CancelStep>(step.what)) {
    const auto errand = loop_->errands.find(step.id);
    if (errand != loop_->errands.end()) {
      errand->second->wanted = false;
      errand->second->Cancel();
    }
    return std::nullopt;
  }
  if (const auto* call = std::get_if<core::CallStep>(&step.what)) {
    const milliseconds timeout(std::max<int64_t>(call->deadline_ms - NowMs(), 0));
    loop_->errands.emplace(
        step.id, std::make_unique<GrpcCall>(step.id, realms_[call->realm], *call, timeout, loop_->queue));
    return std::nullopt;
  }
  if (auto* token = std::get_if<core::TokenStep>(&step.what)) {
    RealmToken& source = realms_[token->realm].token();
    if (token->refused.empty()) {
      if (const auto held = source.Held()) return core::Reply{absl::OkStatus(), ToBytes(*held), {}, {}};
    }
    loop_->errands.emplace(step.id,
                           std::make_unique<Fetch>(step.id, source, std::move(token->refused), loop_->queue));
    return std::nullopt;
  }
  if (const auto* work = std::get_if<core::WorkStep>(&step.what)) {
    work->job->Run();
    return core::Reply{};
  }
  return core::Reply{absl::FailedPreconditionError("this program signs by keys that it holds"), {}, {}, {}};
}

void GrpcHost::Wait(std::optional<int64_t> until_ms,
                    const std::function<void(core::StepId, core::Reply)>& answer) {
  void* tag = nullptr;
  bool ok = false;
  const auto now = std::chrono::system_clock::now();
  const milliseconds longest = std::chrono::hours(24);
  const milliseconds time = until_ms ? milliseconds(std::max<int64_t>(*until_ms - NowMs(), 0)) : longest;
  const auto got = loop_->queue.AsyncNext(&tag, &ok, now + std::min(time, longest));
  if (got != grpc::CompletionQueue::GOT_EVENT) return;
  const auto errand = loop_->errands.find(static_cast<Errand*>(tag)->id);
  const std::unique_ptr<Errand> ended = std::move(errand->second);
  loop_->errands.erase(errand);
  if (ended->wanted) answer(ended->id, ended->Reply());
}

void GrpcHost::Drive(const std::function<core::Step(int64_t)>& next,
                     const std::function<void(core::StepId, core::Reply)>& answer) {
  while (true) {
    core::Step step = next(NowMs());
    if (std::holds_alternative<core::DoneStep>(step.what)) return;
    if (const auto* pause = std::get_if<core::PauseStep>(&step.what)) {
      Wait(pause->until_ms, answer);
    } else if (auto reply = Take(step)) {
      answer(step.id, *std::move(reply));
    }
  }
}

}  // namespace labrec::recovery::client
