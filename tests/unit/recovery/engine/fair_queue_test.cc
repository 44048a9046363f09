#include "recovery/engine/commit/fair_queue.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace labrec::recovery {
namespace {

class NamedTask : public Task {
 public:
  explicit NamedTask(std::string n) : Task(Time::max()), name(std::move(n)) {}
  absl::Status Apply(WorkingSet&, int64_t) override { return absl::OkStatus(); }
  void Committed(KeyWork&) override {}
  void Fail(const absl::Status&) override {}

  const std::string name;
};

std::string NameOf(const Waiting& waiting) {
  return static_cast<NamedTask&>(*waiting.task).name;
}

class FairQueueTest : public testing::Test {
 protected:
  void Push(const std::string& tenant, const std::string& account, const std::string& name) {
    queue_.Push({std::make_shared<NamedTask>(name), Caller{tenant, account}});
  }
  void Push(const std::string& account, int count) {
    for (int i = 1; i <= count; ++i) Push("chat", account, account + std::to_string(i));
  }
  std::vector<std::string> Take(size_t limit) {
    std::vector<std::string> names;
    for (const Waiting& waiting : queue_.Take(limit)) names.push_back(NameOf(waiting));
    return names;
  }
  std::string GiveWay(const std::string& tenant, const std::string& account) {
    const auto gives_way = queue_.GiveWay(Caller{tenant, account});
    return gives_way ? NameOf(*gives_way) : "nobody";
  }

  FairQueue queue_;
};

using Names = std::vector<std::string>;

TEST_F(FairQueueTest, WhoHammersWaitsBehindItself) {
  Push("mallory", 100);
  Push("alice", 1);
  Push("bob", 2);
  EXPECT_EQ(queue_.ready(), 3U);
  EXPECT_EQ(Take(1000), (Names{"mallory1", "alice1", "bob1"}));
  Push("carol", 1);
  EXPECT_EQ(Take(1000), (Names{"mallory2", "bob2", "carol1"}));
  EXPECT_EQ(Take(1000), (Names{"mallory3"}));
  EXPECT_EQ(queue_.size(), 97U);
}

// However much others send, a request's turn comes after at most one of each of them.
TEST_F(FairQueueTest, ALimitedBatchGoesOnWhereTheLastOneEnded) {
  Push("a", 3);
  Push("b", 3);
  Push("c", 3);
  EXPECT_EQ(Take(2), (Names{"a1", "b1"}));
  EXPECT_EQ(Take(2), (Names{"c1", "a2"}));
  Push("d", 1);
  EXPECT_EQ(Take(2), (Names{"b2", "c2"}));
  EXPECT_EQ(Take(2), (Names{"a3", "d1"}));
  EXPECT_EQ(Take(9), (Names{"b3", "c3"}));
  EXPECT_TRUE(Take(9).empty());
  EXPECT_EQ(queue_.ready(), 0U);
}

TEST_F(FairQueueTest, TenantsTakeTurns) {
  for (int i = 0; i < 50; ++i) Push("crowd", "user" + std::to_string(i), "crowd" + std::to_string(i));
  Push("small", "alice", "small1");
  Push("small", "alice", "small2");
  EXPECT_EQ(Take(4), (Names{"crowd0", "small1", "crowd1", "crowd2"}));
  EXPECT_EQ(Take(3), (Names{"crowd3", "small2", "crowd4"}));
}

TEST_F(FairQueueTest, TheSameNameInAnotherTenantIsAnotherAccount) {
  Push("one", "alice", "one1");
  Push("two", "alice", "two1");
  EXPECT_EQ(Take(9), (Names{"one1", "two1"}));
}

TEST_F(FairQueueTest, TheRealmsOwnComeFirstAndAllOfThem) {
  Push("alice", 1);
  for (const char* name : {"own1", "own2"}) queue_.Push({std::make_shared<NamedTask>(name), Caller()});
  queue_.Push({std::make_shared<NamedTask>("operator"), Caller{"chat", "alice", true}});
  EXPECT_EQ(queue_.ready(), 4U);
  EXPECT_EQ(Take(9), (Names{"own1", "own2", "operator", "alice1"}));
}

TEST_F(FairQueueTest, WhoHasMostGivesWay) {
  Push("alice", 2);
  Push("mallory", 4);
  EXPECT_EQ(GiveWay("chat", "bob"), "mallory4");
  EXPECT_EQ(GiveWay("chat", "bob"), "mallory3");
  EXPECT_EQ(GiveWay("chat", "alice"), "nobody") << "she has as many";
  EXPECT_EQ(GiveWay("chat", "mallory"), "nobody");
  EXPECT_EQ(Take(9), (Names{"alice1", "mallory1"}));
  EXPECT_EQ(Take(9), (Names{"alice2", "mallory2"}));
}

TEST_F(FairQueueTest, TheTenantThatHasMostGivesWay) {
  for (int i = 0; i < 3; ++i) Push("crowd", "user" + std::to_string(i), "crowd" + std::to_string(i));
  EXPECT_EQ(GiveWay("crowd", "another"), "nobody") << "each has one";
  EXPECT_EQ(GiveWay("small", "alice"), "crowd2");
  EXPECT_EQ(GiveWay("small", "alice"), "crowd1");
  EXPECT_EQ(GiveWay("small", "alice"), "nobody");
  EXPECT_EQ(queue_.size(), 1U);
  EXPECT_EQ(queue_.ready(), 1U);
  queue_.Push({std::make_shared<NamedTask>("own"), Caller()});
  const auto for_the_realm = queue_.GiveWay(Caller());
  ASSERT_TRUE(for_the_realm);
  EXPECT_EQ(NameOf(*for_the_realm), "crowd0");
  EXPECT_FALSE(queue_.GiveWay(Caller()));
  EXPECT_EQ(Take(9), (Names{"own"}));
}

TEST_F(FairQueueTest, TakesAll) {
  Push("mallory", 3);
  Push("alice", 1);
  EXPECT_EQ(queue_.TakeAll().size(), 4U);
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_EQ(queue_.ready(), 0U);
}

}  // namespace
}  // namespace labrec::recovery
