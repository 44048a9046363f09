#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace labrec::recovery {

// A field of an HTTP message; the name in lower case where the message was read.
struct HttpField {
  std::string name;
  std::string value;
};

// A request that was read whole and keeps the rules of RequestReader.
struct HttpRequest {
  std::string method;  // "POST"; has a case
  std::string target;  // as sent, from its "/" on
  std::vector<HttpField> fields;
  std::string body;
  bool keep_alive = true;

  // All values of a field, in their order; `name` in lower case. They live as long as the request.
  std::vector<std::string_view> Values(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const HttpField& field : fields) {
      if (field.name == name) values.emplace_back(field.value);
    }
    return values;
  }
  // The first of them; empty without one.
  std::string_view Value(std::string_view name) const {
    const auto found = std::ranges::find(fields, name, &HttpField::name);
    return found == fields.end() ? std::string_view() : std::string_view(found->value);
  }
};

// The server adds Content-Length and Connection itself.
struct HttpAnswer {
  int status = 200;
  std::vector<HttpField> fields;
  std::string body;
};

}  // namespace labrec::recovery
