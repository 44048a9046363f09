#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "hsm/base/clock.h"
#include "hsm/base/hash.h"
#include "recovery/server/transport/tls.h"

namespace labrec::recovery {

// Of a file with certificates, what the operator is told.
struct CertificateFigures {
  std::string file;
  int64_t expires_at_ms = 0;  // of the one in it that expires first
  double days_left = 0;       // below 0: it has expired
};

// Looks after the certificates that clients see: says in the log what a file holds, when the end is 30, 7 and
// 1 days away and when it is past, and when a file was renewed. A pair of certificate and key that does not
// fit is not served (Tls13Credentials), and its figures are not taken either. Threads: any.
class CertificateWatch {
 public:
  // `own`: what this server shows itself, where it has TLS; `others`: of proxies in front of it.
  CertificateWatch(std::optional<TlsFiles> own, std::vector<std::filesystem::path> others,
                   const Clock& clock);

  // Looks at the files now. The constructor does it too.
  void Look();
  std::vector<CertificateFigures> Figures() const;

  // Whether this file's certificates are all good now: FAILED_PRECONDITION, with the date, where one has
  // expired.
  static absl::Status Check(const std::filesystem::path& file, const Clock& clock);

 private:
  struct Seen {
    Digest content{};
    int64_t expires_at_ms = 0;
    int stage = 0;  // how many of the limits were passed, and said
    std::string problem;
  };
  void LookAt(const std::filesystem::path& file, Seen& seen);
  void SayStage(const std::string& file, Seen& seen);
  double DaysLeft(const Seen& seen) const;

  const std::optional<TlsFiles> own_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::filesystem::path, Seen> files_;
};

}  // namespace labrec::recovery
