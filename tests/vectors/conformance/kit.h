#pragma once

#include <map>
#include <string>

namespace labrec::conformance {

// The files of docs/conformance but its README.md, as the core makes them now: contents by name.
std::map<std::string, std::string> MakeKit();

}  // namespace labrec::conformance
