#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/support/tpm/swtpm.h"

namespace labrec::test {

// Runs a program to its end in `folder`, with these settings ("NAME=value") beside PATH. UNAVAILABLE with
// what it wrote if it cannot be started or fails.
absl::Status RunProgram(const std::vector<std::string>& words, const std::filesystem::path& folder,
                        const std::vector<std::string>& settings);

// The tpm2-tools programs on one software TPM: a witness that shares no code with this project. Files that
// the programs read and write are in a folder of its own. The TPM must outlive this object.
class TpmTools {
 public:
  explicit TpmTools(const Swtpm& tpm) : tcti_(tpm.tcti()) {}

  // Runs "tpm2 " + `line`, its words separated by single spaces, and unloads all transient objects after it
  // (swtpm has three slots and no resource manager).
  absl::Status Run(std::string_view line) const;

  void Write(const std::string& name, ByteView content) const;
  // Empty if the file is not there.
  Bytes Read(const std::string& name) const;
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  std::string tcti_;
  TemporaryFolder folder_;
};

}  // namespace labrec::test
