#include "tools/admin/output.h"

#include <iostream>

#include "tools/cli/terminal_text.h"

namespace labrec::admin {

void Print(Format format, const Json& json, const std::string& text) {
  if (format == Format::kJson) {
    std::cout << json.dump(2, ' ', true, Json::error_handler_t::replace) << std::endl;
  } else {
    std::cout << cli::Lines(text) << std::flush;
  }
}

void Complain(const absl::Status& status) {
  std::cerr << "labyrinth-admin: " << cli::Lines(std::string(status.message())) << std::endl;
}

}  // namespace labrec::admin
