#include "recovery/server/transport/http/request_reader.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace labrec::recovery {
namespace {

using State = RequestReader::State;

const std::string kGood = "POST /a/B HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-Field:  v \r\n\r\n12345";

// The state after all of it, taken in parts of this size.
State Read(RequestReader& reader, std::string_view bytes, size_t part) {
  while (!bytes.empty()) {
    std::string_view now = bytes.substr(0, part);
    bytes.remove_prefix(now.size());
    while (!now.empty()) {
      const size_t taken = reader.Take(now);
      now.remove_prefix(taken);
      if (taken == 0 || reader.state() == State::kComplete || reader.state() == State::kRefused) {
        return reader.state();
      }
    }
  }
  return reader.state();
}

// The status that it is refused with, however it is cut; 0 if it is not refused.
int Refusal(const std::string& bytes, RequestReader::Limits limits = {}) {
  std::vector<int> found;
  for (const size_t part : {bytes.size(), size_t{1}, size_t{7}}) {
    RequestReader reader(limits);
    found.push_back(Read(reader, bytes, part) == State::kRefused ? reader.refusal().status : 0);
  }
  EXPECT_EQ(found[0], found[1]);
  EXPECT_EQ(found[0], found[2]);
  return found[0];
}

std::string With(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

TEST(RequestReader, ReadsARequestHoweverItIsCut) {
  for (size_t part = 1; part <= kGood.size(); ++part) {
    RequestReader reader({});
    ASSERT_EQ(Read(reader, kGood, part), State::kComplete) << part;
    const HttpRequest request = reader.Release();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/a/B");
    EXPECT_EQ(request.body, "12345");
    EXPECT_EQ(request.Value("x-field"), "v");
    EXPECT_TRUE(request.keep_alive);
    EXPECT_TRUE(reader.idle());
  }
}

TEST(RequestReader, TakesNothingOfTheNextRequest) {
  RequestReader reader({});
  std::string_view two(kGood);
  const std::string both = kGood + kGood;
  two = both;
  for (int i = 0; i < 2; ++i) {
    while (reader.state() != State::kComplete) {
      const size_t taken = reader.Take(two);
      ASSERT_GT(taken, 0U);
      two.remove_prefix(taken);
    }
    EXPECT_EQ(reader.Release().body, "12345");
  }
  EXPECT_TRUE(two.empty());
}

TEST(RequestReader, IsNotCompleteBeforeItsLastByte) {
  for (size_t size = 0; size < kGood.size(); ++size) {
    RequestReader reader({});
    const State state = Read(reader, kGood.substr(0, size), 3);
    EXPECT_TRUE(state == State::kHead || state == State::kBody) << size;
  }
}

TEST(RequestReader, RefusesWhatAProxyMightReadOtherwise) {
  EXPECT_EQ(Refusal(With("Content-Length: 5\r\nContent-Length: 5\r\n")), 400);
  EXPECT_EQ(Refusal(With("Content-Length: 5\r\nContent-Length: 6\r\n")), 400);
  EXPECT_EQ(Refusal(With("Content-Length: 5, 5\r\n")), 400);
  EXPECT_EQ(Refusal(With("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(Refusal(With("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")), 400);
  EXPECT_EQ(Refusal(With("Transfer-Encoding: chunked\r\n")), 411);
  EXPECT_EQ(Refusal(With("Transfer-Encoding: identity\r\n")), 411);
  EXPECT_EQ(Refusal(With("Transfer-Encoding:\x0b"
                         "chunked\r\n")),
            400);
  EXPECT_EQ(Refusal(With("Transfer-Encoding : chunked\r\n")), 400) << "space before the colon";
  EXPECT_EQ(Refusal(With(" X: folded first\r\n")), 400);
  EXPECT_EQ(Refusal(With("X: a\r\n b\r\n")), 400) << "obs-fold";
  EXPECT_EQ(Refusal(With("X: a\r\n\tb\r\n")), 400) << "obs-fold";
  EXPECT_EQ(Refusal(With("X: a\nY: b\r\n")), 400) << "bare LF";
  EXPECT_EQ(Refusal(With("X: a\rY: b\r\n")), 400) << "bare CR";
  EXPECT_EQ(Refusal(With(std::string("X: a\0b\r\n", 9))), 400) << "NUL";
  EXPECT_EQ(Refusal(With("X\x01: a\r\n")), 400);
  EXPECT_EQ(Refusal(With("no colon\r\n")), 400);
  EXPECT_EQ(Refusal(With(": no name\r\n")), 400);
  EXPECT_EQ(Refusal(With("Expect: 100-continue\r\n")), 417);
}

TEST(RequestReader, RefusesLengthsThatAreNone) {
  for (const std::string length :
       {"", "-1", "+5", "5 ", "0x5", "5a", "1e3", "99999999999", "18446744073709551621"}) {
    const int status = Refusal(With("Content-Length: " + length + "x\r\n"));
    EXPECT_EQ(status, 400) << length;
  }
  for (const std::string length : {"-1", "+5", "0x5", "5a", "5 5", "00000000005"}) {
    EXPECT_EQ(Refusal(With("Content-Length: " + length + "\r\n")), 400) << length;
  }
  EXPECT_EQ(Refusal(With("Content-Length: 18446744073709551616\r\n")), 400);
  EXPECT_EQ(Refusal(With("Content-Length:\r\n")), 400);
  EXPECT_EQ(Refusal(With("Content-Length: 65536\r\n")), 0);
  EXPECT_EQ(Refusal(With("Content-Length: 65537\r\n")), 413);
  EXPECT_EQ(Refusal(With("Content-Length: 9999999999\r\n")), 413);
}

TEST(RequestReader, RefusesOtherRequestLines) {
  EXPECT_EQ(Refusal("POST / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(Refusal("POST / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Refusal("POST / HTTP/1.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(Refusal("PRI * HTTP/2.0\r\n\r\n"), 400);
  EXPECT_EQ(Refusal("POST http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Refusal("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Refusal("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Refusal("POST /a b HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Refusal("POST  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Refusal("\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Refusal(" POST / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(Refusal("\x16\x03\x01\x02"), 400) << "TLS";
  EXPECT_EQ(Refusal("GET\r\n\r\n"), 400);
}

TEST(RequestReader, BoundsTheHead) {
  const RequestReader::Limits limits{256, 16};
  const std::string small = With("X: " + std::string(200, 'a') + "\r\n");
  EXPECT_EQ(Refusal(small, limits), 0);
  EXPECT_EQ(Refusal(With("X: " + std::string(256, 'a') + "\r\n"), limits), 431);
  EXPECT_EQ(Refusal("POST /" + std::string(1000, 'a'), limits), 431) << "before its line ends";
  std::string many;
  for (int i = 0; i < 100; ++i) many += "a:b\r\n";
  EXPECT_EQ(Refusal(With(many), limits), 431);
}

TEST(RequestReader, TakesNoMoreOnceItHasRefused) {
  RequestReader reader({});
  EXPECT_EQ(Read(reader, "GET / HTTP/1.1\n", 1), State::kRefused);
  EXPECT_EQ(reader.Take(kGood), 0U);
  EXPECT_EQ(reader.state(), State::kRefused);
}

TEST(RequestReader, SeesWhoWantsToClose) {
  for (const std::string value : {"close", "Close", "keep-alive, close", " close ,x"}) {
    RequestReader reader({});
    ASSERT_EQ(Read(reader, With("Connection: " + value + "\r\n"), 100), State::kComplete);
    EXPECT_FALSE(reader.Release().keep_alive) << value;
  }
  RequestReader reader({});
  ASSERT_EQ(Read(reader, With("Connection: closed\r\n"), 100), State::kComplete);
  EXPECT_TRUE(reader.Release().keep_alive);
}

}  // namespace
}  // namespace labrec::recovery
