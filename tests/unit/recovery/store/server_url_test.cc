#include "recovery/store/postgres/link/server_url.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "recovery/store/postgres/link/parameters.h"

namespace labrec::recovery::postgres {
namespace {

using testing::HasSubstr;
using testing::Not;

std::map<std::string, std::string> OptionsOf(const ServerPlace& place) {
  return {place.options.begin(), place.options.end()};
}

TEST(ServerUrlTest, EveryHostIsAPlaceOfItsOwn) {
  const auto places = ParseServerUrl(
      "postgresql://labrec@oslo.example:5432,bergen.example:5433/"
      "realm?sslmode=verify-full&target_session_attrs=any");
  ASSERT_TRUE(places.ok()) << places.status();
  ASSERT_EQ(places->size(), 2U);
  EXPECT_EQ((*places)[0].name, "oslo.example:5432");
  EXPECT_EQ((*places)[1].name, "bergen.example:5433");
  const auto second = OptionsOf((*places)[1]);
  EXPECT_EQ(second.at("host"), "bergen.example");
  EXPECT_EQ(second.at("port"), "5433");
  EXPECT_EQ(second.at("dbname"), "realm");
  EXPECT_EQ(second.at("user"), "labrec");
  EXPECT_EQ(second.at("tcp_user_timeout"), "15000");
  EXPECT_FALSE(second.contains("target_session_attrs")) << "the store asks for a server that takes writes";
}

TEST(ServerUrlTest, OnePortIsThatOfAllHosts) {
  const auto places = ParseServerUrl("postgresql:///realm?host=/run/a,/run/b&port=5999&connect_timeout=1");
  ASSERT_TRUE(places.ok()) << places.status();
  EXPECT_EQ(OptionsOf((*places)[0]).at("port"), "5999");
  EXPECT_EQ(OptionsOf((*places)[1]).at("port"), "5999");
  EXPECT_EQ(OptionsOf((*places)[1]).at("connect_timeout"), "1") << "what is said stays";
}

TEST(ServerUrlTest, OverTheNetworkTheServersNameIsChecked) {
  for (const char* url :
       {"postgresql://a@db.example/realm", "postgresql://a@db.example/realm?sslmode=require",
        "postgresql://a@localhost,db.example/realm", "postgresql://a@db/realm?hostaddr=10.0.0.1"}) {
    EXPECT_THAT(ParseServerUrl(url).status().ToString(), HasSubstr("sslmode=verify-full")) << url;
  }
  for (const char* url : {"postgresql://a@localhost/realm", "postgresql://a@127.0.0.1:1,[::1]:2/realm",
                          "postgresql://a@db.example/realm?sslmode=verify-full", "postgresql:///realm"}) {
    EXPECT_TRUE(ParseServerUrl(url).ok()) << url;
  }
}

TEST(ServerUrlTest, WhatIsNoUrlIsRefusedWithoutItsPassword) {
  for (const char* url : {"", "sqlite:///file", "host=localhost password=geheim",
                          "postgresql://a:geheim@[::1", "postgresql://a:geheim@h/realm?nonsense=1"}) {
    const auto refused = ParseServerUrl(url);
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << url;
    EXPECT_THAT(refused.status().ToString(), Not(HasSubstr("geheim")));
  }
}

TEST(ParametersTest, ArraysAreAsTheServerReadsThem) {
  const Bytes empty, one{0xAA};
  const Parameters parameters =
      Parameters().Int4s(std::vector<uint32_t>{7}).Byteas(std::vector<ByteView>{empty, one}).Int4s({});
  ASSERT_EQ(parameters.count(), 3);
  const auto hex = [&](size_t i) {
    return Hex({reinterpret_cast<const uint8_t*>(parameters.values()[i]),
                static_cast<size_t>(parameters.lengths()[i])});
  };
  EXPECT_EQ(hex(0),
            "00000001"
            "00000000"
            "00000017"
            "00000001"
            "00000001"
            "00000004"
            "00000007");
  EXPECT_EQ(hex(1),
            "00000001"
            "00000000"
            "00000011"
            "00000002"
            "00000001"
            "00000000"
            "00000001"
            "aa");
  EXPECT_EQ(hex(2),
            "00000000"
            "00000000"
            "00000017");
}

TEST(ParametersTest, AnEmptyValueIsNotNull) {
  const Parameters parameters = Parameters().Bytea({});
  EXPECT_NE(parameters.values()[0], nullptr);
  EXPECT_EQ(parameters.lengths()[0], 0);
}

}  // namespace
}  // namespace labrec::recovery::postgres
