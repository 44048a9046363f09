#include "recovery/store/postgres/link/patience.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace labrec::recovery::postgres {
namespace {

constexpr std::chrono::seconds kUsual{1};

}  // namespace

Patience::Patience() : given_up_event_(eventfd(0, EFD_CLOEXEC)) {
  if (given_up_event_ < 0) std::abort();  // no file descriptors are left
}

Patience::~Patience() {
  close(given_up_event_);
}

void Patience::Begin(std::string what) {
  const std::lock_guard lock(mutex_);
  what_ = std::move(what);
  since_ = Clock::now();
}

void Patience::End() {
  const std::lock_guard lock(mutex_);
  what_.clear();
}

bool Patience::WaitFor(int socket) {
  pollfd watched[] = {{given_up_event_, POLLIN, 0}, {socket, POLLIN, 0}};
  while (poll(watched, 2, -1) < 0 && errno == EINTR) {
  }
  return watched[0].revents == 0;
}

bool Patience::Pause(std::chrono::milliseconds length) {
  pollfd watched{given_up_event_, POLLIN, 0};
  return poll(&watched, 1, static_cast<int>(length.count())) <= 0;
}

void Patience::GiveUp() {
  given_up_ = true;
  const uint64_t one = 1;
  if (write(given_up_event_, &one, sizeof one) < 0) std::abort();  // an eventfd takes it
}

std::string Patience::waits_for() const {
  const std::lock_guard lock(mutex_);
  return what_.empty() || Clock::now() - since_ < kUsual ? std::string() : what_;
}

}  // namespace labrec::recovery::postgres
