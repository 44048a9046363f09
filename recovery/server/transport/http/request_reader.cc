#include "recovery/server/transport/http/request_reader.h"

#include <utility>  // asio 1.74 needs it before itself in C++20

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

#include "hsm/base/absl_view.h"

namespace labrec::recovery {
namespace {

namespace http = boost::beast::http;

constexpr int kHttp11 = 11;
constexpr size_t kMostDigits = 10;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

// What may not stand in a head, after `before`. A CR is judged by the byte that follows it.
bool Breaks(char before, char byte) {
  if (before == '\r') return byte != '\n';
  if (byte == '\n') return true;
  if ((byte == ' ' || byte == '\t') && before == '\n') return true;  // a folded line
  const auto code = static_cast<unsigned char>(byte);
  return (code < 0x20 && byte != '\r' && byte != '\t') || code == 0x7F;
}

bool SaysClose(const HttpRequest& request) {
  for (const std::string_view value : request.Values("connection")) {
    for (const auto token : absl::StrSplit(AbslView(value), ',')) {
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(token), "close")) return true;
    }
  }
  return false;
}

bool IsLength(std::string_view value) {
  return !value.empty() && value.size() <= kMostDigits &&
         value.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

size_t RequestReader::Take(std::string_view bytes) {
  switch (state_) {
    case State::kHead:
      return TakeHead(bytes);
    case State::kBody:
      return TakeBody(bytes);
    default:
      return 0;
  }
}

size_t RequestReader::TakeHead(std::string_view bytes) {
  for (size_t taken = 0; taken < bytes.size();) {
    const char byte = bytes[taken++];
    // Before the first byte stands the end of a line: a request begins with neither space nor empty line.
    const char before = head_.empty() ? '\n' : head_.back();
    if (Breaks(before, byte) || (head_.empty() && byte == '\r')) {
      Refuse(400, "a line of the head is not as RFC 9112 has it");
      return taken;
    }
    if (head_.size() == limits_.head_bytes) {
      Refuse(431, "the request's head is larger than this realm takes");
      return taken;
    }
    head_ += byte;
    if (byte == '\n' && std::string_view(head_).ends_with(kEndOfHead)) {
      ParseHead();
      return taken;
    }
  }
  return bytes.size();
}

void RequestReader::ParseHead() {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<uint32_t>(limits_.head_bytes));
  parser.body_limit(boost::none);
  parser.skip(true);  // the body is read here
  boost::system::error_code error;
  const size_t read = parser.put(boost::asio::buffer(std::as_const(head_)), error);
  if (error || read != head_.size() || !parser.is_header_done()) {
    return Refuse(400, "the head is no HTTP/1.1 request");
  }
  const auto& parsed = parser.get();
  request_.method = std::string(parsed.method_string());
  request_.target = std::string(parsed.target());
  for (const auto& field : parsed) {
    request_.fields.push_back(
        {absl::AsciiStrToLower(std::string(field.name_string())), std::string(field.value())});
  }
  if (parsed.version() != kHttp11) return Refuse(505, "only HTTP/1.1 is spoken here");
  CheckHead();
}

void RequestReader::CheckHead() {
  const auto lengths = request_.Values("content-length");
  const bool coded = !request_.Values("transfer-encoding").empty();
  if (request_.Values("host").size() != 1) return Refuse(400, "a request names one Host");
  if (!request_.target.starts_with('/')) return Refuse(400, "the target does not begin with \"/\"");
  if (coded && !lengths.empty()) return Refuse(400, "Content-Length and Transfer-Encoding");
  if (coded) return Refuse(411, "Transfer-Encoding is not taken: send Content-Length");
  if (lengths.size() > 1) return Refuse(400, "more than one Content-Length");
  if (!request_.Values("expect").empty()) return Refuse(417, "Expect is not taken");
  if (!lengths.empty() && !IsLength(lengths.front())) return Refuse(400, "Content-Length is no number");
  if (!lengths.empty() && !absl::SimpleAtoi(AbslView(lengths.front()), &body_bytes_)) {
    return Refuse(400, "Content-Length is no number");
  }
  if (body_bytes_ > limits_.body_bytes) return Refuse(413, "the message is larger than this realm takes");
  request_.keep_alive = !SaysClose(request_);
  std::string().swap(head_);
  state_ = body_bytes_ == 0 ? State::kComplete : State::kBody;
}

size_t RequestReader::TakeBody(std::string_view bytes) {
  const size_t taken = std::min(bytes.size(), body_bytes_ - request_.body.size());
  request_.body.append(bytes.substr(0, taken));
  if (request_.body.size() == body_bytes_) state_ = State::kComplete;
  return taken;
}

void RequestReader::Refuse(int status, std::string why) {
  state_ = State::kRefused;
  refusal_ = {status, std::move(why)};
  request_ = HttpRequest();
  std::string().swap(head_);
}

HttpRequest RequestReader::Release() {
  state_ = State::kHead;
  body_bytes_ = 0;
  return std::exchange(request_, HttpRequest());
}

}  // namespace labrec::recovery
