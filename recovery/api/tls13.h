#pragma once

namespace labrec::recovery {

// Keeps TLS 1.2 from being negotiated by any gRPC channel or server of this process. gRPC 1.51 has no option
// for it; its list of TLS 1.2 cipher suites is set, by the environment variable GRPC_SSL_CIPHER_SUITES, to
// one that needs a pre-shared key, so that only TLS 1.3 suites are left to offer. gRPC reads the variable
// once, when its first TLS channel or server is made. A program calls it first in main, while it has one
// thread.
void RequireTls13();
// Whether the variable says so now.
bool IsTls13Required();

}  // namespace labrec::recovery
