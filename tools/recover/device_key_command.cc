#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "recovery/client/base/device_key.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {
namespace {

constexpr size_t kMostPemBytes = 512;

}  // namespace

int RunDeviceKey(const Arguments& arguments, const Reporter& reporter) {
  if (!arguments.public_out.empty()) {  // before there is a key without its public half
    const absl::Status tried = TryToWrite(arguments.public_out, kMostPemBytes);
    if (!tried.ok()) return reporter.Fail(tried);
  }
  const auto key = recovery::client::DeviceKey::Make();
  if (const absl::Status saved = key.Save(arguments.device_key); !saved.ok()) return reporter.Fail(saved);
  const std::string pem = key.public_key().Pem();
  if (!arguments.public_out.empty()) {
    const absl::Status saved = WriteFile(arguments.public_out, AsBytes(pem), 0644, Overwrite::kReplace);
    if (!saved.ok()) return reporter.Fail(saved);
  }
  const std::string id = Hex(key.public_key().DeviceId());
  reporter.Result("made", {{"device_id", id}, {"public_key", pem}, {"device_key", arguments.device_key}},
                  absl::StrCat("device id: ", id, "\n", pem));
  return kExitDone;
}

}  // namespace labrec::recover
