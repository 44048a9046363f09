#pragma once

#include <string>

#include "recovery/engine/status.h"

namespace labrec::recoveryd {

// Tells the service manager and the log, once per change, whether the realm serves. (Why a device is away the
// log has from the engine; that one does not answer at all nobody but this sees.)
// Not for sharing between threads.
class ServiceWatch {
 public:
  // Whether the realm serves now.
  bool Look(const recovery::EngineStatus& status);

 private:
  std::string told_;
  bool serving_ = false;
};

}  // namespace labrec::recoveryd
