#include "recovery/server/transport/http/connection.h"

#include <array>
#include <cerrno>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include "absl/strings/str_cat.h"

#include "recovery/server/transport/http/reason.h"

namespace labrec::recovery {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kMostPending = 16 << 10;
// After a refusal: bytes that are under way still are taken, so that the client reads the answer before it
// sees its connection reset.
constexpr std::chrono::seconds kLingerFor{2};
constexpr size_t kMostLingered = 1 << 20;

HttpConnection::Time In(std::chrono::milliseconds duration) {
  return std::chrono::steady_clock::now() + duration;
}

class Exchange final : public HttpExchange {
 public:
  Exchange(std::shared_ptr<HttpConnection> connection, asio::io_context& io, uint64_t number,
           HttpRequest request, std::shared_ptr<const std::atomic<bool>> gone)
      : HttpExchange(std::move(request), std::move(gone)),
        work_(io.get_executor()),
        connection_(std::move(connection)),
        number_(number) {}
  ~Exchange() override {
    if (!answered_) connection_->Drop(number_);
  }
  void SetDeadline(std::chrono::steady_clock::time_point when, HttpAnswer late) override {
    connection_->SetDeadline(number_, when, std::move(late));
  }
  void Answer(HttpAnswer answer, std::function<void()> done) override {
    answered_ = true;
    connection_->Answer(number_, std::move(answer), std::move(done));
  }

 private:
  // Let go last: the server may be destroyed from then on.
  const asio::executor_work_guard<asio::io_context::executor_type> work_;
  const std::shared_ptr<HttpConnection> connection_;
  const uint64_t number_;
  bool answered_ = false;
};

void AppendHead(const HttpAnswer& answer, bool keep_alive, std::string& out) {
  absl::StrAppend(&out, "HTTP/1.1 ", answer.status, " ", ReasonOf(answer.status), "\r\n");
  for (const HttpField& field : answer.fields) absl::StrAppend(&out, field.name, ": ", field.value, "\r\n");
  if (answer.status != 204) absl::StrAppend(&out, "content-length: ", answer.body.size(), "\r\n");
  if (!keep_alive) absl::StrAppend(&out, "connection: close\r\n");
  absl::StrAppend(&out, "\r\n");
}

}  // namespace

HttpConnection::HttpConnection(asio::io_context& io, HttpShared& shared, int family, int fd)
    : io_(io),
      shared_(shared),
      strand_(io.get_executor()),
      socket_(strand_, asio::generic::stream_protocol(family, 0), fd),
      timer_(strand_),
      reader_(shared.limits.request) {}

HttpConnection::~HttpConnection() {
  Close();
}

void HttpConnection::Start() {
  asio::dispatch(strand_, [self = shared_from_this()] {
    self->SetTime(In(self->shared_.limits.idle));
    self->Await();
  });
}

void HttpConnection::CloseSoon() {
  asio::dispatch(strand_, [self = shared_from_this()] { self->Close(); });
}

void HttpConnection::Await() {
  if (awaiting_ || phase_ == Phase::kClosed) return;
  if (phase_ != Phase::kReading && pending_.size() >= kMostPending) return;
  awaiting_ = true;
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](error_code error) {
    self->awaiting_ = false;
    if (error) return self->Close();
    self->OnReadable();
  });
}

void HttpConnection::OnReadable() {
  if (phase_ == Phase::kClosed) return;
  thread_local std::array<char, kReadBytes> buffer;
  const ssize_t got = recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Await();
  if (got <= 0) return Close();
  const std::string_view bytes(buffer.data(), static_cast<size_t>(got));
  switch (phase_) {
    case Phase::kReading:
      Feed(bytes);
      break;
    case Phase::kLingering:
      discarded_ += bytes.size();
      if (discarded_ > kMostLingered) return Close();
      break;
    default:
      pending_.append(bytes);
  }
  Await();
}

void HttpConnection::Feed(std::string_view bytes) {
  const bool was_idle = reader_.idle();
  while (!bytes.empty() && phase_ == Phase::kReading) {
    const auto before = reader_.state();
    bytes.remove_prefix(reader_.Take(bytes));
    switch (reader_.state()) {
      case RequestReader::State::kBody:
        if (before == RequestReader::State::kHead) StartBody();
        break;
      case RequestReader::State::kComplete:
        pending_.append(bytes);
        return HandOver();
      case RequestReader::State::kRefused:
        return Refuse(reader_.refusal());
      default:
        if (was_idle && !reader_.idle()) SetTime(In(shared_.limits.head));
    }
  }
}

void HttpConnection::StartBody() {
  reserved_ = reader_.body_bytes();
  if (shared_.bodies_bytes.fetch_add(reserved_) + reserved_ > shared_.limits.bodies_bytes) {
    return Refuse({503, "the realm holds as many messages as it can: come back later"});
  }
  SetTime(In(shared_.limits.body));
}

void HttpConnection::HandOver() {
  phase_ = Phase::kHandling;
  time_ = Time::max();  // the timer finds nothing to do when it comes
  gone_ = std::make_shared<std::atomic<bool>>(false);
  HttpRequest request = reader_.Release();
  keep_alive_ = request.keep_alive;
  is_head_ = request.method == "HEAD";
  shared_.handler(
      std::make_unique<Exchange>(shared_from_this(), io_, ++exchange_, std::move(request), gone_));
}

void HttpConnection::SetDeadline(uint64_t exchange, Time when, HttpAnswer late) {
  asio::dispatch(strand_, [self = shared_from_this(), exchange, when, late = std::move(late)]() mutable {
    if (self->phase_ != Phase::kHandling || self->exchange_ != exchange) return;
    self->late_ = std::move(late);
    self->SetTime(when);
  });
}

void HttpConnection::Answer(uint64_t exchange, HttpAnswer answer, std::function<void()> done) {
  asio::dispatch(strand_, [self = shared_from_this(), exchange, answer = std::move(answer),
                           done = std::move(done)]() mutable {
    if (self->phase_ != Phase::kHandling || self->exchange_ != exchange) return done();
    self->done_ = std::move(done);
    self->Write(answer, self->keep_alive_);
  });
}

void HttpConnection::Drop(uint64_t exchange) {
  asio::dispatch(strand_, [self = shared_from_this(), exchange] {
    if (self->phase_ == Phase::kHandling && self->exchange_ == exchange) self->Close();
  });
}

void HttpConnection::Refuse(const RequestReader::Refusal& refusal) {
  Write(shared_.refusal(refusal.status, refusal.why), false);
}

void HttpConnection::Write(const HttpAnswer& answer, bool keep_alive) {
  phase_ = Phase::kWriting;
  late_.reset();
  ReleaseBody();
  out_.clear();
  AppendHead(answer, keep_alive, out_);
  if (!std::exchange(is_head_, false)) out_.append(answer.body);  // RFC 9110, 9.3.2
  SetTime(In(shared_.limits.write));
  asio::async_write(socket_, asio::buffer(std::as_const(out_)),
                    [self = shared_from_this(), keep_alive](error_code error, size_t) {
                      if (self->done_) std::exchange(self->done_, nullptr)();
                      if (error) return self->Close();
                      self->OnWritten(keep_alive);
                    });
}

void HttpConnection::OnWritten(bool keep_alive) {
  if (phase_ == Phase::kClosed) return;
  std::string().swap(out_);
  if (!keep_alive) return Linger();
  phase_ = Phase::kReading;
  SetTime(In(shared_.limits.idle));
  const std::string next = std::exchange(pending_, std::string());
  Feed(next);
  Await();
}

void HttpConnection::Linger() {
  phase_ = Phase::kLingering;
  pending_.clear();
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  SetTime(In(kLingerFor));
  Await();
}

// A timer that is set for earlier is left alone: most times are never reached, and each new one costs more
// than a look at the clock.
void HttpConnection::SetTime(Time when) {
  time_ = when;
  if (timer_at_ <= when) return;
  timer_at_ = when;
  timer_.expires_at(when);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (error || self->phase_ == Phase::kClosed) return;
    self->timer_at_ = Time::max();
    if (std::chrono::steady_clock::now() >= self->time_) return self->OnTime();
    if (self->time_ != Time::max()) self->SetTime(self->time_);
  });
}

void HttpConnection::OnTime() {
  if (phase_ == Phase::kReading && !reader_.idle()) {
    return Refuse({408, "the request did not come in time"});
  }
  if (phase_ != Phase::kHandling || !late_) return Close();
  *gone_ = true;
  const HttpAnswer late = *std::exchange(late_, std::nullopt);
  Write(late, keep_alive_);
}

void HttpConnection::ReleaseBody() {
  shared_.bodies_bytes -= std::exchange(reserved_, 0);
}

void HttpConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  if (gone_) *gone_ = true;
  ReleaseBody();
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  shared_.on_closed(this);
}

}  // namespace labrec::recovery
