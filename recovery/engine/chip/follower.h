#pragma once

#include "recovery/engine/chip/open_registrations.h"
#include "recovery/engine/chip/work.h"
#include "recovery/engine/commit/after_commit.h"

namespace labrec::recovery {

// The chip follows the rows: erased versions lose their indices, and registrations are open or closed as the
// anchored rows say. Both outlive this object. The commit thread.
class ChipFollower : public AfterCommit {
 public:
  ChipFollower(ChipWork& chip, OpenRegistrations& registrations)
      : chip_(chip), registrations_(registrations) {}

  void Anchored(const CommittedChanges& changes) override;
  void Answered() override { chip_.TidyUp(); }

 private:
  ChipWork& chip_;
  OpenRegistrations& registrations_;
};

}  // namespace labrec::recovery
