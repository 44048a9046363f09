#pragma once

namespace labrec::test {

// How many channels of gRPC's there are in this process: calls of grpc_channel_create(), which this test
// program has before the library's own, less those of grpc_channel_destroy(). Any thread.
int GrpcChannels();

}  // namespace labrec::test
