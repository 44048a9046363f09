#pragma once

#include "tests/hostile/judge.h"
#include "tests/hostile/plan.h"
#include "tests/hostile/report.h"
#include "tests/hostile/stage.h"

namespace labrec::hostile {

// Runs the plan's moves for an account of its own, and judges each.
StoryReport RunStory(World& world, const Plan& plan, const Omitted& omitted = {});

}  // namespace labrec::hostile
