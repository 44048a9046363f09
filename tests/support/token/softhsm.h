#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// A SoftHSM2 token of its own for one test: a private folder, copied from a token that softhsm2-util makes
// once per process.
//
// SoftHSM2 reads SOFTHSM2_CONF when it is initialized, so the newest SoftHsm of a process is the one that
// modules initialized from now on see: one at a time. It is not crash-safe while a process logs in and races
// when several processes start on one folder: one process and one login per folder.
class SoftHsm {
 public:
  // A factory-new token with a user PIN. UNAVAILABLE if softhsm2-util does not make one.
  static absl::StatusOr<std::unique_ptr<SoftHsm>> Start();
  ~SoftHsm();
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;

  // An RFC 7512 URI with module-path and pin-source, and one whose PIN is wrong.
  std::string uri() const;
  std::string UriWithWrongPin() const;
  // The same token through another module that leads to SoftHSM2.
  std::string UriThrough(const std::filesystem::path& module) const;
  // The value of SOFTHSM2_CONF for other processes.
  std::filesystem::path configuration() const { return folder_.path() / "softhsm2.conf"; }
  std::filesystem::path TokenFolder() const { return folder_.path() / "tokens" / "token"; }

  // The token's folder goes away, and comes back.
  void Break();
  void Repair();
  // A factory-new token stands where this one stood.
  void Replace();

 private:
  SoftHsm();
  void CopyTemplate();
  std::filesystem::path AwayFolder() const { return folder_.path() / "away"; }

  TemporaryFolder folder_;
  std::filesystem::path template_;
};

}  // namespace labrec::test
