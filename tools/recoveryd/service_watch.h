#pragma once

#include <string>

#include "recovery/engine/status.h"

namespace labrec::recoveryd {

// Tells the service manager, once per change, whether the realm serves. (The log has it from the engine.)
// Not for sharing between threads.
class ServiceWatch {
 public:
  // Whether the realm serves now.
  bool Look(const recovery::EngineStatus& status);

 private:
  std::string told_;
};

}  // namespace labrec::recoveryd
