#pragma once

#include "tests/hostile/mailbox/plan.h"
#include "tests/hostile/report.h"

namespace labrec::hostile {

// Runs the plan's moves at a mailbox of its own, and judges each by what the store and the realms really have
// (README.md).
StoryReport RunMailStory(const MailPlan& plan, const Omitted& omitted = {});

}  // namespace labrec::hostile
