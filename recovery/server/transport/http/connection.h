#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>  // asio 1.74 needs it before itself in C++20

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "recovery/server/transport/http/server.h"

namespace labrec::recovery {

// What the connections of a server share.
struct HttpShared {
  HttpLimits limits;
  HttpHandler handler;
  HttpRefusal refusal;
  std::atomic<size_t> bodies_bytes = 0;
  std::function<void(const void* connection)> on_closed;
};

// One connection. All its work runs on its strand, and reads into a buffer of the thread: one that is idle
// holds neither. For server.cc only, as it shows asio.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;

  HttpConnection(boost::asio::io_context& io, HttpShared& shared, int family, int fd);
  ~HttpConnection();

  // From any thread.
  void Start();
  void CloseSoon();

  // Of the exchange with this number, from any thread.
  void SetDeadline(uint64_t exchange, Time when, HttpAnswer late);
  void Answer(uint64_t exchange, HttpAnswer answer, std::function<void()> done);
  void Drop(uint64_t exchange);

 private:
  enum class Phase { kReading, kHandling, kWriting, kLingering, kClosed };

  void Await();  // bytes, or the client's end
  void OnReadable();
  void Feed(std::string_view bytes);
  void StartBody();
  void HandOver();
  void Refuse(const RequestReader::Refusal& refusal);
  void Write(const HttpAnswer& answer, bool keep_alive);
  void OnWritten(bool keep_alive);
  void Linger();
  void SetTime(Time when);  // at which OnTime is called
  void OnTime();
  void Close();
  void ReleaseBody();

  boost::asio::io_context& io_;
  HttpShared& shared_;
  Strand strand_;
  boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Strand> socket_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>, Strand>
      timer_;
  RequestReader reader_;
  Phase phase_ = Phase::kReading;
  bool awaiting_ = false;
  std::string pending_;   // came behind the request that is being answered
  size_t reserved_ = 0;   // of shared_.bodies_bytes
  size_t discarded_ = 0;  // while lingering
  Time time_ = Time::max();
  Time timer_at_ = Time::max();
  uint64_t exchange_ = 0;  // its number
  bool keep_alive_ = true;
  bool is_head_ = false;  // the request that is answered: it gets no body
  std::shared_ptr<std::atomic<bool>> gone_;
  std::optional<HttpAnswer> late_;
  std::string out_;
  std::function<void()> done_;  // of the answer that is being written
};

}  // namespace labrec::recovery
