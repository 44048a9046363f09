#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "recovery/server/transport/http/server.h"
#include "tests/support/net/http_connection.h"
#include "tests/support/net/loopback.h"

// A server on a port of this host, and clients that do what they like.
namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::HttpConnection;
using test::HttpMessage;
using test::PostRequest;

class HttpServerTest : public testing::Test {
 protected:
  // Keeps what comes to "/hold" until the test answers it; echoes all else.
  void Start(HttpLimits limits = {}) {
    auto listener = Listener::Listen("127.0.0.1:0");
    ASSERT_TRUE(listener.ok()) << listener.status();
    server_ = HttpServer::Serve(
        *std::move(listener), limits, 2,
        [this](std::unique_ptr<HttpExchange> exchange) {
          if (exchange->request().target == "/drop") return;
          if (exchange->request().target != "/hold") {
            HttpAnswer echo{200, {}, exchange->request().body};
            return exchange->Answer(std::move(echo), [] {});
          }
          const std::lock_guard lock(mutex_);
          held_.push_back(std::move(exchange));
          changed_.notify_all();
        },
        [](int status, const std::string& why) {
          return HttpAnswer{status, {}, why};
        });
  }
  HttpConnection Connect() {
    auto opened = HttpConnection::Open(server_->port());
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  std::unique_ptr<HttpExchange> AwaitHeld() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [this] { return !held_.empty(); }));
    if (held_.empty()) return nullptr;
    auto held = std::move(held_.back());
    held_.pop_back();
    return held;
  }
  static bool Becomes(const std::function<bool()>& condition) {
    const auto deadline = steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  // The answer to these bytes; status 0 if the connection was closed without one.
  HttpMessage Answer(const std::string& bytes) {
    HttpConnection connection = Connect();
    connection.Send(bytes);
    return connection.Read().value_or(HttpMessage());
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<HttpExchange>> held_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersOneRequestAfterTheOther) {
  Start();
  HttpConnection connection = Connect();
  for (const size_t size : {0U, 1U, 1000U, 65536U, 3U}) {
    const std::string body(size, 'b');
    ASSERT_TRUE(connection.Send(PostRequest("/echo", "", body)));
    const auto answer = connection.Read();
    ASSERT_TRUE(answer) << size;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, body);
  }
}

TEST_F(HttpServerTest, AnswersWhatIsSentAtOnceInItsOrder) {
  Start();
  HttpConnection connection = Connect();
  std::string all;
  for (int i = 0; i < 500; ++i) all += PostRequest("/echo", "", std::to_string(i));
  ASSERT_TRUE(connection.Send(all));
  for (int i = 0; i < 500; ++i) {
    const auto answer = connection.Read();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->body, std::to_string(i));
  }
}

TEST_F(HttpServerTest, ARefusalEndsTheConnection) {
  Start();
  HttpConnection connection = Connect();
  const std::string smuggled = PostRequest("/echo", "", "smuggled");
  ASSERT_TRUE(connection.Send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" +
      smuggled));
  const auto all = connection.ReadToEnd();
  ASSERT_TRUE(all) << "it is not closed";
  EXPECT_THAT(*all, testing::StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(*all, testing::HasSubstr("connection: close\r\n"));
  EXPECT_THAT(*all, testing::Not(testing::HasSubstr("200 OK")));
}

// A body behind the head would be the next answer's beginning to whoever knows HTTP.
TEST_F(HttpServerTest, TheAnswerToHeadHasNoBody) {
  Start();
  HttpConnection connection = Connect();
  ASSERT_TRUE(connection.Send("HEAD /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nhidden" +
                              PostRequest("/echo", "Connection: close\r\n", "next")));
  const auto all = connection.ReadToEnd();
  ASSERT_TRUE(all);
  EXPECT_EQ(*all,
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n"
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnext");
}

// Its client reads why, though it has sent more than was taken.
TEST_F(HttpServerTest, AnOversizedMessageHearsWhy) {
  Start();
  HttpConnection connection = Connect();
  ASSERT_TRUE(connection.Send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 524288\r\n\r\n"));
  ASSERT_TRUE(connection.Readable(std::chrono::seconds(20)));
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(connection.Send(std::string(64 << 10, 'x'))) << "it saw a reset";
  const auto answer = connection.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
}

TEST_F(HttpServerTest, ClosesAfterTheAnswerIfAsked) {
  Start();
  HttpConnection connection = Connect();
  ASSERT_TRUE(connection.Send(PostRequest("/echo", "Connection: close\r\n", "last")));
  const auto all = connection.ReadToEnd();
  ASSERT_TRUE(all);
  EXPECT_THAT(*all, testing::EndsWith("connection: close\r\n\r\nlast"));
}

// Bytes that trickle buy no time: what counts is the whole head, and the whole body.
TEST_F(HttpServerTest, ASlowHeadOrBodyIsOverInItsTime) {
  HttpLimits limits;
  limits.head = milliseconds(300);
  limits.body = milliseconds(300);
  Start(limits);
  const std::string head = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\nX: ";
  for (const bool in_body : {false, true}) {
    HttpConnection connection = Connect();
    ASSERT_TRUE(connection.Send(in_body ? head + "\r\n\r\n" : head));
    const auto start = steady_clock::now();
    while (!connection.Readable(milliseconds(1)) && connection.Send("a")) continue;
    const auto answer = connection.Read();
    const auto took = steady_clock::now() - start;
    ASSERT_TRUE(answer) << in_body;
    EXPECT_EQ(answer->status, 408);
    EXPECT_GE(took, milliseconds(290));
  }
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosed) {
  HttpLimits limits;
  limits.idle = milliseconds(100);
  Start(limits);
  HttpConnection silent = Connect();
  EXPECT_EQ(silent.ReadToEnd(), "");
  HttpConnection used = Connect();
  ASSERT_TRUE(used.Send(PostRequest("/echo", "", "x")));
  ASSERT_TRUE(used.Read());
  EXPECT_EQ(used.ReadToEnd(), "");
  EXPECT_TRUE(Becomes([this] { return server_->connections().open == 0; }));
}

// Nor does a client that reads nothing hold an answer for ever.
TEST_F(HttpServerTest, AClientThatDoesNotReadIsClosed) {
  HttpLimits limits;
  limits.write = milliseconds(200);
  limits.request.body_bytes = 32 << 20;
  Start(limits);
  HttpConnection connection = Connect();
  std::thread sender([&] { connection.Send(PostRequest("/echo", "", std::string(32 << 20, 'x'))); });
  EXPECT_TRUE(Becomes([this] { return server_->connections().open == 1; }));
  EXPECT_TRUE(Becomes([this] { return server_->connections().open == 0; }));
  sender.join();
}

TEST_F(HttpServerTest, AClientThatGoesAwayIsNoticed) {
  Start();
  HttpConnection connection = Connect();
  ASSERT_TRUE(connection.Send(PostRequest("/hold", "", "x")));
  auto held = AwaitHeld();
  ASSERT_NE(held, nullptr);
  const auto gone = held->gone();
  EXPECT_FALSE(*gone);
  connection.Abort();
  EXPECT_TRUE(Becomes([&] { return gone->load(); }));
  std::atomic<bool> done = false;
  held->Answer({200, {}, "too late"}, [&] { done = true; });
  EXPECT_TRUE(Becomes([&] { return done.load(); }));
}

// Also where it has sent another request meanwhile.
TEST_F(HttpServerTest, AClientThatGoesAwayBehindAnotherRequestIsNoticed) {
  Start();
  HttpConnection connection = Connect();
  ASSERT_TRUE(connection.Send(PostRequest("/hold", "", "x") + PostRequest("/echo", "", "y")));
  auto held = AwaitHeld();
  ASSERT_NE(held, nullptr);
  connection.Abort();
  EXPECT_TRUE(Becomes([&] { return held->gone()->load(); }));
}

TEST_F(HttpServerTest, AtItsDeadlineTheCallIsAnsweredAndTheConnectionGoesOn) {
  Start();
  HttpConnection connection = Connect();
  ASSERT_TRUE(connection.Send(PostRequest("/hold", "", "x")));
  auto held = AwaitHeld();
  ASSERT_NE(held, nullptr);
  held->SetDeadline(steady_clock::now() + milliseconds(50), {504, {}, "late"});
  const auto late = connection.Read();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->status, 504);
  EXPECT_TRUE(*held->gone());
  ASSERT_TRUE(connection.Send(PostRequest("/echo", "", "next")));
  const auto next = connection.Read();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->body, "next");
  std::atomic<bool> done = false;
  held->Answer({200, {}, "of the first"}, [&] { done = true; });
  EXPECT_TRUE(Becomes([&] { return done.load(); })) << "and nobody hears it";
  ASSERT_TRUE(connection.Send(PostRequest("/echo", "", "again")));
  EXPECT_EQ(connection.Read().value_or(HttpMessage()).body, "again");
}

TEST_F(HttpServerTest, ADroppedRequestClosesItsConnection) {
  Start();
  HttpConnection connection = Connect();
  ASSERT_TRUE(connection.Send(PostRequest("/drop", "", "x")));
  EXPECT_EQ(connection.ReadToEnd(), "");
}

TEST_F(HttpServerTest, OneConnectionOverTheLimitIsClosed) {
  HttpLimits limits;
  limits.connections = 3;
  Start(limits);
  std::vector<HttpConnection> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(Connect());
    ASSERT_TRUE(open.back().Send(PostRequest("/echo", "", "x")));
    ASSERT_TRUE(open.back().Read());
  }
  EXPECT_EQ(Connect().ReadToEnd(), "");
  EXPECT_EQ(server_->connections().refused, 1U);
  open.pop_back();
  ASSERT_TRUE(Becomes([this] { return server_->connections().open == 2; }));
  HttpConnection again = Connect();
  ASSERT_TRUE(again.Send(PostRequest("/echo", "", "x")));
  EXPECT_TRUE(again.Read());
}

// Announced bytes count, so that nothing is held that there is no room for; what is answered counts no more.
TEST_F(HttpServerTest, BodiesAltogetherAreBounded) {
  HttpLimits limits;
  limits.bodies_bytes = 100;
  Start(limits);
  HttpConnection first = Connect();
  ASSERT_TRUE(first.Send(PostRequest("/hold", "", std::string(60, 'x'))));
  auto held = AwaitHeld();
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(Answer(PostRequest("/echo", "", std::string(60, 'y'))).status, 503);
  EXPECT_EQ(Answer(PostRequest("/echo", "", std::string(40, 'y'))).status, 200);
  held->Answer({200, {}, ""}, [] {});
  ASSERT_TRUE(first.Read());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Answer(PostRequest("/echo", "", std::string(100, 'y'))).status, 200);
  }
}

// What comes behind a request that is not answered yet stays with its sender, but for a little.
TEST_F(HttpServerTest, WhatIsSentAheadIsNotTaken) {
  constexpr size_t kFarMoreThanBuffersHold = 64 << 20;
  Start();
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_in address = test::Loopback(server_->port());
  connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  std::string bytes = PostRequest("/hold", "", "x");
  const std::string ahead(1 << 20, 'y');
  size_t sent = 0;
  pollfd writable{fd, POLLOUT, 0};
  while (sent < kFarMoreThanBuffersHold && poll(&writable, 1, 500) == 1) {
    const ssize_t now = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (now < 0) continue;
    sent += static_cast<size_t>(now);
    bytes.erase(0, static_cast<size_t>(now));
    if (bytes.empty()) bytes = ahead;
  }
  EXPECT_LT(sent, kFarMoreThanBuffersHold);
  const auto held = AwaitHeld();
  ASSERT_NE(held, nullptr);
  close(fd);
  held->Answer({200, {}, ""}, [] {});
  EXPECT_TRUE(Becomes([this] { return server_->connections().open == 0; }));
}

TEST_F(HttpServerTest, StopClosesConnectionsAndWaitsForWhatIsUnderWay) {
  Start();
  HttpConnection idle = Connect(), busy = Connect();
  ASSERT_TRUE(busy.Send(PostRequest("/hold", "", "x")));
  auto held = AwaitHeld();
  ASSERT_NE(held, nullptr);
  std::atomic<bool> stopped = false;
  std::thread stopper([&] {
    server_->Stop();
    stopped = true;
  });
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_EQ(busy.ReadToEnd(), "");
  EXPECT_TRUE(*held->gone());
  EXPECT_FALSE(stopped);
  held->Answer({200, {}, ""}, [] {});
  held.reset();
  stopper.join();
  EXPECT_FALSE(HttpConnection::Open(server_->port()).ok());
}

// Strangers' bytes end their own connection and nobody else's.
TEST_F(HttpServerTest, GarbageHarmsNobody) {
  Start();
  HttpConnection good = Connect();
  const std::string whole = PostRequest("/echo", "X: y\r\n", "body");
  uint32_t seed = 1;
  for (int i = 0; i < 400; ++i) {
    seed = seed * 1664525 + 1013904223;
    std::string spoilt = whole;
    spoilt[seed % spoilt.size()] = static_cast<char>(seed >> 24);
    HttpConnection connection = Connect();
    connection.Send(spoilt.substr(0, (seed >> 8) % (spoilt.size() + 1)));
  }
  ASSERT_TRUE(good.Send(whole));
  EXPECT_EQ(good.Read().value_or(HttpMessage()).body, "body");
  EXPECT_TRUE(Becomes([this] { return server_->connections().open == 1; }));
}

}  // namespace
}  // namespace labrec::recovery
