#include "recovery/ledger/read_cache.h"

#include <string_view>

#include <gtest/gtest.h>

namespace labrec::recovery {
namespace {

using Map = AgingMap<int, int>;

Digest D(std::string_view text) {
  return Sha256(text);
}

Map::Ptr Value(int value) {
  return std::make_shared<const int>(value);
}

TEST(AgingMap, GivesAValueForItsDigestAlone) {
  Map map(100);
  map.Put(1, D("a"), Value(10), 10);
  ASSERT_NE(map.Find(1, D("a")), nullptr);
  EXPECT_EQ(*map.Find(1, D("a")), 10);
  EXPECT_EQ(map.Find(1, D("b")), nullptr);
  EXPECT_EQ(map.Find(2, D("a")), nullptr);
  map.Put(1, D("b"), Value(11), 10);
  EXPECT_EQ(map.Find(1, D("a")), nullptr) << "replaced";
  EXPECT_EQ(*map.Find(1, D("b")), 11);
  map.Erase(1);
  EXPECT_EQ(map.Find(1, D("b")), nullptr);
}

TEST(AgingMap, ForgetsWhatNobodyAsksFor) {
  Map map(100);
  map.Put(1, D("a"), Value(1), 40);
  map.Put(2, D("a"), Value(2), 40);
  for (int i = 3; i < 40; ++i) {
    map.Put(i, D("a"), Value(i), 40);
    EXPECT_NE(map.Find(1, D("a")), nullptr) << i;
  }
  EXPECT_EQ(map.Find(2, D("a")), nullptr);
}

TEST(AgingMap, WhatWasPutOverOrErasedIsInNoGeneration) {
  Map map(100);
  map.Put(1, D("a"), Value(1), 60);
  map.Put(2, D("a"), Value(2), 60);  // 1 is of the old generation now
  map.Put(1, D("b"), Value(3), 10);
  EXPECT_EQ(map.Find(1, D("a")), nullptr);
  EXPECT_EQ(*map.Find(1, D("b")), 3);
  map.Put(4, D("a"), Value(4), 60);
  map.Erase(1);
  map.Erase(2);
  EXPECT_EQ(map.Find(1, D("b")), nullptr);
  EXPECT_EQ(map.Find(2, D("a")), nullptr);
  EXPECT_EQ(*map.Find(4, D("a")), 4);
}

TEST(AgingMap, HoldsAtMostTwiceItsBytes) {
  struct Counted {
    explicit Counted(int& alive) : count(alive) { ++count; }
    ~Counted() { --count; }
    int& count;
  };
  int alive = 0;
  AgingMap<int, Counted> map(100);
  for (int i = 0; i < 50; ++i) {
    map.Put(i, D("a"), std::make_shared<const Counted>(alive), 10);
    EXPECT_LE(alive, 20);
  }
  EXPECT_NE(map.Find(49, D("a")), nullptr);
  map.Put(49, D("b"), std::make_shared<const Counted>(alive), 101);
  EXPECT_EQ(map.Find(49, D("b")), nullptr) << "larger than all";
  EXPECT_EQ(map.Find(49, D("a")), nullptr) << "and what it replaced is gone";
}

TEST(ReadCache, RowsGoByTheirKeyAndContent) {
  ReadCache cache{ReadCache::Size()};
  cache.PutRow(D("key"), D("old"), Bytes(3, 'o'));
  ASSERT_NE(cache.FindRow(D("key"), D("old")), nullptr);
  cache.PutRow(D("key"), D("new"), Bytes(3, 'n'));
  EXPECT_EQ(cache.FindRow(D("key"), D("old")), nullptr);
  EXPECT_EQ(*cache.FindRow(D("key"), D("new")), Bytes(3, 'n'));
  cache.ForgetRow(D("key"));
  EXPECT_EQ(cache.FindRow(D("key"), D("new")), nullptr);
}

TEST(ReadCache, DirectoriesGoByTheirBucketAndDigest) {
  ReadCache cache{ReadCache::Size()};
  BucketDirectory directory;
  directory.Set(D("key"), D("content"));
  cache.PutDirectory(7, D("digest"), std::make_shared<const BucketDirectory>(directory));
  ASSERT_NE(cache.FindDirectory(7, D("digest")), nullptr);
  EXPECT_EQ(cache.FindDirectory(7, D("digest"))->Find(D("key")), D("content"));
  EXPECT_EQ(cache.FindDirectory(8, D("digest")), nullptr);
  EXPECT_EQ(cache.FindDirectory(7, D("other")), nullptr);
}

}  // namespace
}  // namespace labrec::recovery
