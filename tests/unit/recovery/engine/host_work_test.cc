#include "recovery/engine/device/host_work.h"

#include <future>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace labrec::recovery {
namespace {

TEST(HostWork, OnItsOwnThreadJobsRunInOrderAndNoneIsLost) {
  std::string order;
  std::thread::id thread;
  std::promise<void> go;
  {
    HostWork host(HostThread::kOwn);
    host.Run([&] { go.get_future().wait(); });
    for (const char c : {'a', 'b', 'c'}) host.Run([&, c] { order += c; });
    host.Run([&] {
      thread = std::this_thread::get_id();
      host.Run([&] { order += 'd'; });  // a job may leave another
    });
    EXPECT_EQ(order, "") << "the caller does not wait";
    go.set_value();
  }  // ends when all have run
  EXPECT_EQ(order, "abcd");
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(HostWork, ASleepingThreadIsWoken) {
  HostWork host(HostThread::kOwn);
  for (int i = 0; i < 100; ++i) {
    auto done = std::make_shared<std::promise<int>>();  // the thread may be in set_value when this ends
    host.Run([done, i] { done->set_value(i); });
    EXPECT_EQ(done->get_future().get(), i);
  }
}

TEST(HostWork, WithoutAThreadOfItsOwnJobsRunAtOnce) {
  HostWork host(HostThread::kCallers);
  std::thread::id thread;
  host.Run([&] { thread = std::this_thread::get_id(); });
  EXPECT_EQ(thread, std::this_thread::get_id());
}

}  // namespace
}  // namespace labrec::recovery
