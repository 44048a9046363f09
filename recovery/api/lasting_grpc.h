#pragma once

namespace labrec::recovery {

// Keeps gRPC's event engine until the process ends: whoever makes a channel calls it first. gRPC 1.51 ends
// the engine with the last channel that uses it, and then waits for the engine's threads. One of them may
// sleep for a whole second (ThreadPool::Queue::SleepIfRunning): a program that had its result after 190 ms
// ended after 1,120. The channel that this makes never connects and is never ended. Any thread.
void KeepGrpcUntilExit();

}  // namespace labrec::recovery
