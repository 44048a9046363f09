#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <sys/types.h>

#include "absl/status/status.h"

#include "hsm/base/bytes.h"

namespace labrec::test {

// Calls `visit` for every readable region of a running process, with its name in /proc/PID/maps (heap, stack,
// file or empty). Needs the right to trace it: the same user and PR_SET_DUMPABLE, or root.
absl::Status VisitMemory(pid_t pid,
                         const std::function<void(const std::string& region, ByteView bytes)>& visit);

// Calls `visit` for every regular file below `folder`.
absl::Status VisitFiles(const std::filesystem::path& folder,
                        const std::function<void(const std::string& file, ByteView bytes)>& visit);

// Whether `needle` stands somewhere in `haystack`.
bool Holds(ByteView haystack, ByteView needle);

}  // namespace labrec::test
