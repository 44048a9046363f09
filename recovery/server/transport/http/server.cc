#include "recovery/server/transport/http/server.h"

#include <bit>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include "recovery/server/transport/http/connection.h"

namespace labrec::recovery {
namespace {

namespace asio = boost::asio;

class AsioServer final : public HttpServer {
 public:
  AsioServer(std::unique_ptr<Listener> listener, HttpLimits limits, HttpHandler handler, HttpRefusal refusal)
      : listener_(std::move(listener)) {
    shared_.limits = limits;
    shared_.handler = std::move(handler);
    shared_.refusal = std::move(refusal);
    shared_.on_closed = [this](const void* connection) { Forget(connection); };
  }
  ~AsioServer() override { Stop(); }

  void Run(size_t threads) {
    for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
    listener_->Accept([this](int, int fd) { Admit(fd); });
  }

  void Stop() override {
    if (threads_.empty()) return;
    listener_->Close();
    CloseAll();
    work_.reset();
    for (std::thread& thread : std::exchange(threads_, {})) thread.join();
  }

  ConnectionFigures connections() const override {
    const std::lock_guard lock(mutex_);
    return {open_.size(), shared_.limits.connections, refused_};
  }
  int port() const override { return listener_->port(); }

 private:
  // On the listener's thread.
  void Admit(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    if (connections().open >= shared_.limits.connections) return TurnAway(fd);
    std::shared_ptr<HttpConnection> connection;
    try {
      connection = std::make_shared<HttpConnection>(io_, shared_, address.ss_family, fd);
    } catch (const boost::system::system_error& error) {  // as epoll_ctl(2) has no memory
      spdlog::warn("an HTTP connection is closed: {}", error.what());
      close(fd);
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      open_.emplace(connection.get(), connection);
    }
    connection->Start();
  }
  // The count comes before the close: who sees itself turned away finds it counted.
  void TurnAway(int fd) {
    CountRefused();
    close(fd);
  }
  void CountRefused() {
    const std::lock_guard lock(mutex_);
    if (std::has_single_bit(++refused_)) {  // the 1st, 2nd, 4th, 8th ...: a flood does not fill the log
      spdlog::warn(
          "{} HTTP connections are open: refused one more, {} since the start ([limits] connections)",
          open_.size(), refused_);
    }
  }
  void Forget(const void* connection) {
    const std::lock_guard lock(mutex_);
    open_.erase(connection);
  }
  void CloseAll() {
    std::vector<std::shared_ptr<HttpConnection>> all;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [address, connection] : open_) {
        if (auto open = connection.lock()) all.push_back(std::move(open));
      }
    }
    for (const auto& connection : all) connection->CloseSoon();
  }

  HttpShared shared_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<Listener> listener_;
  std::vector<std::thread> threads_;
  mutable std::mutex mutex_;
  std::unordered_map<const void*, std::weak_ptr<HttpConnection>> open_;
  uint64_t refused_ = 0;
};

}  // namespace

std::unique_ptr<HttpServer> HttpServer::Serve(std::unique_ptr<Listener> listener, HttpLimits limits,
                                              size_t threads, HttpHandler handler, HttpRefusal refusal) {
  auto server =
      std::make_unique<AsioServer>(std::move(listener), limits, std::move(handler), std::move(refusal));
  server->Run(threads);
  return server;
}

}  // namespace labrec::recovery
