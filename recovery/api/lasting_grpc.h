#pragma once

namespace labrec::recovery {

// Keeps gRPC's event engine until the process ends: whoever makes a channel calls it first. gRPC 1.51 ends
// the engine with the last channel that uses it, and the end waits for the engine's threads, of which one
// that holds itself back sleeps out its second (ThreadPool::Queue::SleepIfRunning): a program that had its
// result after 190 ms ended after 1,120. So one channel, which never connects, is never ended. Any thread.
void KeepGrpcUntilExit();

}  // namespace labrec::recovery
