#include <limits>
#include <string>
#include <utility>

#include "hsm/base/absl_view.h"
#include "recovery/client/c/operation.h"
#include "recovery/client/c/signature_form.h"
#include "recovery/client/c/views.h"

// What a job's handle is.
struct lrc_job {
  std::shared_ptr<labrec::recovery::client::core::Job> job;
};

namespace labrec::recovery::client::c {
namespace {

constexpr char kService[] = "/labyrinth.recovery.v1.Recovery/";
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// Shows a step of the core. What is shown stays in `op`.
class Show {
 public:
  Show(lrc_op& op, lrc_step& to) : op_(op), to_(to) {}

  void operator()(const core::CallStep& call) const {
    op_.path = kService;
    op_.path += call.method;
    to_.kind = LRC_STEP_CALL;
    to_.realm = static_cast<uint32_t>(call.realm);
    to_.attempt = static_cast<uint32_t>(call.attempt);
    to_.path = op_.path.c_str();
    to_.body = ViewOf(call.body);
    to_.token = call.token.empty() ? nullptr : call.token.c_str();
    to_.until_ms = call.deadline_ms;
  }
  void operator()(const core::TokenStep& token) const {
    to_.kind = LRC_STEP_TOKEN;
    to_.realm = static_cast<uint32_t>(token.realm);
    to_.token = token.refused.empty() ? nullptr : token.refused.c_str();
  }
  void operator()(const core::SignStep& sign) const {
    to_.kind = LRC_STEP_SIGN;
    to_.realm = static_cast<uint32_t>(sign.realm);
    to_.body = ViewOf(sign.message);
    to_.device_id = ViewOf(sign.device_id);
    op_.signing.insert(to_.id);
  }
  void operator()(const core::WorkStep& work) const {
    to_.kind = LRC_STEP_WORK;
    to_.job = new lrc_job{work.job};
  }
  void operator()(const core::CancelStep&) const { to_.kind = LRC_STEP_CANCEL; }
  void operator()(const core::PauseStep& pause) const {
    to_.kind = LRC_STEP_WAIT;
    to_.until_ms = pause.until_ms.value_or(kNever);
  }
  void operator()(const core::DoneStep&) const { to_.kind = LRC_STEP_DONE; }

 private:
  lrc_op& op_;
  lrc_step& to_;
};

// A code outside of gRPC's is what a client makes of it: unknown.
absl::StatusCode CodeOf(lrc_code code) {
  const auto number = static_cast<int>(code);
  return number >= LRC_OK && number <= LRC_UNAUTHENTICATED ? static_cast<absl::StatusCode>(number)
                                                           : absl::StatusCode::kUnknown;
}

core::Reply ReplyOf(const lrc_reply& reply) {
  core::Reply answer;
  if (reply.code == LRC_OK) {
    answer.body = ToBytes(View(reply.body));
  } else {
    answer.status = absl::Status(CodeOf(reply.code), TextOf(reply.message));
  }
  if (reply.retry_after_ms >= 0) answer.retry_after_ms = reply.retry_after_ms;
  Digest hash{};
  if (reply.tls_key_hash.size == hash.size()) {
    std::copy_n(reply.tls_key_hash.data, hash.size(), hash.data());
    answer.tls_key_hash = hash;
  }
  return answer;
}

// The operation has ended: keeps what it came to.
void Finish(lrc_op& op) {
  op.outcome = op.machine->Take();
  op.machine.reset();
  if (op.cancelled && op.outcome.kind == LRC_OUTCOME_FAILED) {
    op.outcome.status = absl::CancelledError("cancelled by the caller");
  }
  WriteTexts(op.outcome);
}

}  // namespace
}  // namespace labrec::recovery::client::c

extern "C" {

namespace c = labrec::recovery::client::c;
namespace core = labrec::recovery::client::core;

void lrc_op_next(lrc_op* op, int64_t now_ms, lrc_step* to) noexcept {
  *to = {};
  op->step = core::Step{0, core::DoneStep{}};
  if (op->machine != nullptr) op->step = op->machine->Next(now_ms);
  to->id = op->step.id;
  std::visit(c::Show(*op, *to), op->step.what);
  if (to->kind == LRC_STEP_CANCEL) op->signing.erase(to->id);
  if (to->kind == LRC_STEP_DONE && op->machine != nullptr) c::Finish(*op);
}

void lrc_op_reply(lrc_op* op, uint32_t id, const lrc_reply* reply) noexcept {
  if (op->machine == nullptr) return;
  core::Reply answer = c::ReplyOf(*reply);
  const bool is_signature = op->signing.erase(id) > 0;
  if (is_signature && answer.status.ok()) c::BringIntoForm(answer);
  op->machine->Answer(id, std::move(answer));
}

void lrc_job_run(lrc_job* job) noexcept {
  job->job->Run();
  delete job;
}

void lrc_job_free(lrc_job* job) noexcept {
  delete job;
}

void lrc_op_cancel(lrc_op* op) noexcept {
  if (op->machine == nullptr) return;
  op->cancelled = true;
  op->machine->Cancel();
}

void lrc_op_free(lrc_op* op) noexcept {
  delete op;
}

}  // extern "C"
