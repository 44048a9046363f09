#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/file.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/net/test_certificate.h"
#include "tests/support/process/child_process.h"
#include "tests/support/process/folder_watch.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// A platform's HTTPS server with its key set, by key_server.py. One thread.
class KeyServer {
 public:
  explicit KeyServer(const EcdsaPublicKey& key) {
    Publish(key);
    Start();
  }
  void Publish(const EcdsaPublicKey& key) const { Publish(recovery::TokenKeySet(key)); }
  void Publish(const std::string& text) const {
    if (!WriteFile(folder_.path() / "jwks", AsBytes(text), 0644, Overwrite::kReplace).ok()) std::abort();
  }
  // At the port that it had, if it had one.
  void Start() {
    std::filesystem::remove(folder_.path() / "port");
    std::vector<std::string> command = {
        "python3", LABREC_SOURCE_DIR "/tests/integration/tenants/key_server.py",
        certificate_.certificate_file(), certificate_.key_file(), folder_.path()};
    if (!port_.empty()) command.push_back(port_);
    auto started = ChildProcess::Start({command, {}, folder_.path() / "log"});
    if (!started.ok()) std::abort();
    process_ = *std::move(started);
    const std::filesystem::path file = folder_.path() / "port";
    const bool ready =
        watch_->WaitUntil([&] { return std::filesystem::exists(file); }, std::chrono::seconds(30));
    if (!ready) std::abort();
    port_ = ToString(*ReadFile(file));
  }
  void Stop() { process_->Kill(); }
  std::string url(const std::string& path = "jwks") const {
    return absl::StrCat("https://localhost:", port_, "/", path);
  }
  std::filesystem::path ca() const { return certificate_.certificate_file(); }

 private:
  TemporaryFolder folder_;
  const std::unique_ptr<FolderWatch> watch_ = *FolderWatch::On(folder_.path());
  TestCertificate certificate_;
  std::string port_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace labrec::test
