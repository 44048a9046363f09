#include "tests/integration/client/grpc_channels.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>
#include <grpc/grpc.h>

namespace {

std::atomic<int> channels{0};

template <typename Function>
Function* Next(const char* name) {
  void* const next = dlsym(RTLD_NEXT, name);
  if (next == nullptr) {
    std::fprintf(stderr, "no library has %s\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(next);
}

}  // namespace

// Visible, so that libraries find these first.
extern "C" [[gnu::visibility("default")]] grpc_channel* grpc_channel_create(const char* target,
                                                                            grpc_channel_credentials* creds,
                                                                            const grpc_channel_args* args) {
  ++channels;
  return Next<decltype(grpc_channel_create)>("grpc_channel_create")(target, creds, args);
}

extern "C" [[gnu::visibility("default")]] void grpc_channel_destroy(grpc_channel* channel) {
  --channels;
  Next<decltype(grpc_channel_destroy)>("grpc_channel_destroy")(channel);
}

namespace labrec::test {

int GrpcChannels() {
  return channels;
}

}  // namespace labrec::test
