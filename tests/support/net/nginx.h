#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "tests/support/process/child_process.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// nginx with the project's own configuration (tools/recoveryd/nginx) in front of a realm on this host: an
// unprivileged process in a folder of its own, which no system-wide nginx notices. It ends with this object.
class Nginx {
 public:
  struct Realm {
    std::string address;      // the daemon's, as "127.0.0.1:7444"
    std::string certificate;  // files, as the daemon has them
    std::string key;
    std::string root;              // what the certificate leads to, as clients have it
    std::string name;              // in the certificate
    std::string web_address = {};  // "unix:PATH"; empty: the realm has no endpoint for web pages
    std::string page = {};         // its origin
    // Of a head or a body that does not come, instead of the shipped ten seconds; empty: those.
    std::string client_timeout = {};
    // Without the limits of one address, as a load has one.
    bool for_load = false;
  };
  // Ready when it returns. Aborts the test program if the configuration lacks what an operator has to change.
  static absl::StatusOr<std::unique_ptr<Nginx>> Start(const Realm& realm);

  // On 127.0.0.1 and on [::1].
  int port() const { return port_; }
  pid_t pid() const { return process_->pid(); }
  std::string Log() const;

 private:
  Nginx() = default;
  absl::Status WriteConfiguration(const Realm& realm);
  absl::Status WaitUntilReady();

  TemporaryFolder folder_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace labrec::test
