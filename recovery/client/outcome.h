#pragma once

// The outcomes of an attempt to recover.
#include "recovery/client/base/outcome.h"  // IWYU pragma: export
