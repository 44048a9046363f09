#pragma once

namespace labrec::test {

// Lets LeakSanitizer look through OpenSSL's secure heap. Each thread's random generator of OpenSSL's lies
// there, and what it points to would count as leaked otherwise, where a thread lives until the exit. Nothing
// in a program without LeakSanitizer. Aborts if the heap is not found. Once for a process.
void LookThroughSecureHeap();

}  // namespace labrec::test
