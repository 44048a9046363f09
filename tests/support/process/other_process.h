#pragma once

#include <sys/types.h>

namespace labrec::test {

// Signals to processes that the calling thread does not own, as a proxy's thread sends them at a moment of
// its choice. Whoever owns a process ends it by ChildProcess, which waits. tools/check-house lets nobody else
// in the tests send SIGKILL, SIGTERM or SIGSTOP.

// SIGKILL, SIGTERM. Returns at once: the owner waits for the end (ChildProcess::Wait or Kill) before it goes
// on, and RealmFixture::StartDaemon refuses until then.
void KillFromAside(pid_t process);
void TerminateFromAside(pid_t process);

// SIGSTOP; returns once the process stands still, or is gone: a signal alone lets it run on for a while.
void Freeze(pid_t process);
// SIGCONT.
void Thaw(pid_t process);

}  // namespace labrec::test
