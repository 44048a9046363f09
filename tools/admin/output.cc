#include "tools/admin/output.h"

#include <iostream>

namespace labrec::admin {

void Print(Format format, const Json& json, const std::string& text) {
  if (format == Format::kJson) {
    std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << std::endl;
  } else {
    std::cout << text << std::flush;
  }
}

void Complain(const absl::Status& status) {
  std::cerr << "labyrinth-admin: " << std::string(status.message()) << std::endl;
}

}  // namespace labrec::admin
