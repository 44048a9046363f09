#pragma once

namespace labrec::cli {

// Whether all that `program` printed on standard output has arrived where it goes. If not, as on a full disk,
// it says so on standard error, and the program ends with a failure. Called last, by main. One thread.
bool StandardOutputArrived(const char* program);

}  // namespace labrec::cli
