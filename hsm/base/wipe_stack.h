#pragma once

namespace labrec {

// Overwrites the part of this thread's stack that calls made before this one have used, 32 KiB of it.
// Libraries that handle a secret leave copies in frames of theirs that are gone, and a thread that does
// little else never writes there again. Call it after such a library has returned.
void WipeStack();

}  // namespace labrec
