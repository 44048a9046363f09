#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "recovery/server/transport/http/message.h"

namespace labrec::recovery {

// Reads HTTP/1.1 requests (RFC 9112) from the bytes of one connection, one after the other. It is stricter
// than HTTP asks for, as a proxy in front may read a doubtful request otherwise than this reader does, and
// then one client's bytes become another's request (request smuggling):
//   - lines end with CR LF; no other CR, LF, NUL or control character stands in the head (but for tabs);
//   - no folded lines, no field that is not "name: value" (Beast's parser);
//   - one Host; at most one Content-Length, of digits only; no Transfer-Encoding; no Expect;
//   - HTTP/1.1, and a target that begins with "/".
// What breaks a rule is refused, and the connection has to be closed: nobody knows where the next request
// begins. Pure; threads: one at a time.
class RequestReader {
 public:
  struct Limits {
    size_t head_bytes = 8 << 10;  // request line and fields
    size_t body_bytes = 64 << 10;
  };
  enum class State {
    kHead,      // waits for the rest of the head, or for its first byte
    kBody,      // the head is read: body_bytes() more were announced
    kComplete,  // Release gives the request
    kRefused,   // refusal() says why; takes no more
  };
  // HTTP's status, and a sentence for the client that names nothing of what it sent.
  struct Refusal {
    int status = 0;
    std::string why;
  };

  explicit RequestReader(Limits limits) : limits_(limits) {}

  // Takes bytes up to the end of the request; returns how many it took. The rest are the next request's. It
  // stops at the end of the head, too, where a body follows: call it again with the rest.
  size_t Take(std::string_view bytes);
  State state() const { return state_; }
  // Nothing of a request was taken yet.
  bool idle() const { return state_ == State::kHead && head_.empty(); }
  const Refusal& refusal() const { return refusal_; }
  size_t body_bytes() const { return body_bytes_; }
  // The complete request; the reader waits for the next one.
  HttpRequest Release();

 private:
  size_t TakeHead(std::string_view bytes);
  size_t TakeBody(std::string_view bytes);
  void ParseHead();
  // What a message of this head is: its length, or why it is none.
  void CheckHead();
  void Refuse(int status, std::string why);

  const Limits limits_;
  State state_ = State::kHead;
  std::string head_;
  size_t body_bytes_ = 0;
  HttpRequest request_;
  Refusal refusal_;
};

}  // namespace labrec::recovery
