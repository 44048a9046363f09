#include "hsm/base/text/host_port.h"

#include <gtest/gtest.h>

namespace labrec {
namespace {

// The canonical text, or "none".
std::string Read(std::string_view text) {
  const auto parsed = ParseHostPort(text);
  return parsed ? parsed->Text() : "none";
}

TEST(HostPort, NamesAndAddresses) {
  for (const char* text : {"localhost:7443", "realm.example:1", "a_b-c.example:65535", "10.0.0.1:0",
                           "[::1]:443", "[2001:db8::7]:7443", "[fe80::1%eth0]:7443", "1a.2b:3"}) {
    EXPECT_EQ(Read(text), text);
  }
}

TEST(HostPort, OneAddressHasOneText) {
  EXPECT_EQ(Read("[0:0:0:0:0:0:0:1]:7443"), "[::1]:7443");
  EXPECT_EQ(Read("[2001:0DB8:0::7]:07443"), "[2001:db8::7]:7443");
  EXPECT_EQ(ParseHostPort("[::0001]:7443")->host, "::1");
}

TEST(HostPort, WhatIsNone) {
  for (const char* text : {"",
                           ":",
                           "localhost",
                           "localhost:",
                           ":7443",
                           "localhost:99999",
                           "localhost:65536",
                           "localhost:-1",
                           "localhost:+1",
                           "localhost:7443 ",
                           " localhost:7443",
                           "localhost:0x1",
                           "localhost:000001",
                           "::1:17443",
                           "::1",
                           "[::1]",
                           "[::1]:",
                           "[::1:7443",
                           "[]:7443",
                           "[localhost]:7443",
                           "[127.0.0.1]:7443",
                           "127.1:7443",
                           "1.2.3.400:7443",
                           "https://realm.example:7443",
                           "https://realm.example",
                           "realm.example:7443/",
                           "dns:///realm.example:7443",
                           "user@realm.example:7443",
                           "realm.ex\xC3\xA4mple:7443",
                           "[fe80::1%]:7443",
                           "[fe80::1%a/b]:7443",
                           "7443",
                           "a b:1"}) {
    EXPECT_EQ(Read(text), "none") << text;
  }
  EXPECT_EQ(Read(std::string(254, 'a').append(":1")), "none");
  EXPECT_EQ(Read(std::string_view("local\0host:1", 12)), "none");
}

TEST(TargetUri, MeansThePathAsItStands) {
  EXPECT_EQ(TargetUri("unix:/run/labyrinth/oslo-1.a_b~c/s"), "unix:/run/labyrinth/oslo-1.a_b~c/s");
  EXPECT_EQ(TargetUri("unix:/a%41"), "unix:/a%2541");
  EXPECT_EQ(TargetUri("unix:/a b#c?d"), "unix:/a%20b%23c%3Fd");
  EXPECT_EQ(TargetUri("unix:/\xc3\xa4\n\x7f:@"), "unix:/%C3%A4%0A%7F%3A%40");
  EXPECT_EQ(TargetUri("[fe80::1%eth0]:7443"), "[fe80::1%eth0]:7443");
  EXPECT_EQ(TargetUri("localhost:7443"), "localhost:7443");
}

}  // namespace
}  // namespace labrec
