// The head and body of HTTP requests, as they come over the endpoint for web pages: the first byte is the
// size of the parts in which they come. However they are cut, the same requests are read, and those keep the
// rules.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "recovery/server/transport/http/request_reader.h"

namespace {

using labrec::recovery::HttpField;
using labrec::recovery::HttpRequest;
using labrec::recovery::RequestReader;

constexpr RequestReader::Limits kLimits{512, 256};

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Read {
  std::vector<HttpRequest> requests;
  int refused = 0;
};

void KeepsTheRules(const HttpRequest& request) {
  Require(request.target.starts_with('/') && !request.method.empty());
  Require(request.Values("host").size() == 1 && request.Values("transfer-encoding").empty());
  const auto lengths = request.Values("content-length");
  Require(lengths.size() <= 1 && request.body.size() <= kLimits.body_bytes);
  Require(request.body.size() == (lengths.empty() ? 0 : std::stoull(std::string(lengths.front()))));
  for (const HttpField& field : request.fields) {
    Require(!field.name.empty() && field.name.find_first_of(" \t\r\n:") == std::string::npos);
    Require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    Require(std::ranges::none_of(field.name, [](char c) { return c >= 'A' && c <= 'Z'; }));
  }
}

Read All(std::string_view bytes, size_t part) {
  Read read;
  RequestReader reader(kLimits);
  while (!bytes.empty()) {
    std::string_view now = bytes.substr(0, part);
    while (!now.empty()) {
      const size_t taken = reader.Take(now);
      Require(taken <= now.size());
      now.remove_prefix(taken);
      bytes.remove_prefix(taken);
      if (reader.state() == RequestReader::State::kRefused) {
        read.refused = reader.refusal().status;
        Require(read.refused >= 400 && reader.Take(now) == 0);
        return read;
      }
      if (reader.state() == RequestReader::State::kComplete) {
        read.requests.push_back(reader.Release());
        KeepsTheRules(read.requests.back());
        Require(reader.idle());
      } else {
        Require(taken > 0);
      }
    }
  }
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Read whole = All(bytes, std::max<size_t>(1, bytes.size()));
  const Read cut = All(bytes, 1 + data[0]);
  Require(whole.refused == cut.refused && whole.requests.size() == cut.requests.size());
  for (size_t i = 0; i < whole.requests.size(); ++i) {
    Require(whole.requests[i].target == cut.requests[i].target);
    Require(whole.requests[i].body == cut.requests[i].body);
    Require(whole.requests[i].fields.size() == cut.requests[i].fields.size());
  }
  return 0;
}
