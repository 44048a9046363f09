#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// A TLS identity for servers on this host: a self-signed P-256 certificate for "localhost" and 127.0.0.1,
// which is its own root. Files live as long as the object. Aborts if OpenSSL fails.
class TestCertificate {
 public:
  // Good until so long from now; below 0 it has expired.
  explicit TestCertificate(std::chrono::hours left = std::chrono::hours(24));

  const std::string& certificate_pem() const { return certificate_pem_; }
  const std::string& key_pem() const { return key_pem_; }
  std::filesystem::path certificate_file() const { return folder_.path() / "cert.pem"; }
  std::filesystem::path key_file() const { return folder_.path() / "key.pem"; }  // mode 0600

 private:
  TemporaryFolder folder_;
  std::string certificate_pem_;
  std::string key_pem_;
};

}  // namespace labrec::test
