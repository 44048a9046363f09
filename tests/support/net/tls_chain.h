#pragma once

#include <filesystem>

#include "absl/status/status.h"

namespace labrec::test {

// From whom a realm has its certificate.
enum class TlsChain {
  kSelfSigned,    // it is its own root
  kOwnCa,         // a CA of the operator's, as "TLS" in docs/operations.md makes it
  kIntermediate,  // an issuing CA below a root
  kPublicCa,      // an issuing CA, and its root as an older root has signed it, which is trusted no more
};

// Makes tls.pem, tls.key (mode 0600) and ca.pem, the root that clients trust, in `folder`, by openssl(1):
// good for "localhost", 127.0.0.1 and ::1, for two days. UNAVAILABLE: what openssl said.
absl::Status MakeTlsChain(const std::filesystem::path& folder, TlsChain chain);

}  // namespace labrec::test
