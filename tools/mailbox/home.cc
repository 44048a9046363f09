#include "tools/mailbox/home.h"

#include <algorithm>
#include <sstream>

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::mailbox {
namespace {

namespace fs = std::filesystem;
using recovery::labyrinth::DeviceSigner;
using recovery::labyrinth::DeviceState;
using recovery::labyrinth::OpeningRecord;
using recovery::labyrinth::PendingDevice;
using recovery::labyrinth::SoftwareSigner;

constexpr unsigned kSecretMode = 0600;
constexpr size_t kTrialBytes = 4096;

absl::StatusOr<SecretBytes> Load(const fs::path& path, const std::string& otherwise) {
  auto content = ReadSecretFile(path);
  if (absl::IsNotFound(content.status())) return absl::FailedPreconditionError(otherwise);
  return content;
}

std::string TextOf(const OpeningRecord::Line& line) {
  return Hex(line.id) + " " + Hex(line.digest);
}

std::optional<OpeningRecord::Line> ParseLine(const std::string& text) {
  const size_t space = text.find(' ');
  if (space == std::string::npos) return std::nullopt;
  const auto id = FromHex(std::string_view(text).substr(0, space));
  const auto digest = FromHex(std::string_view(text).substr(space + 1));
  if (!id.ok() || !digest.ok()) return std::nullopt;
  OpeningRecord::Line line{};
  if (id->size() != line.id.size() || digest->size() != line.digest.size()) return std::nullopt;
  std::ranges::copy(*id, line.id.begin());
  std::ranges::copy(*digest, line.digest.begin());
  return line;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceSigner>> Home::MakeDeviceKey() {
  std::error_code error;
  if (fs::create_directories(folder_, error)) fs::permissions(folder_, fs::perms::owner_all, error);
  if (error) return absl::ErrnoToStatus(error.value(), "cannot make the folder " + folder_.string());
  if (fs::exists(folder_ / "state", error) || fs::exists(folder_ / "pending", error)) {
    return absl::AlreadyExistsError(folder_.string() + " is a device's home already; give another --home");
  }
  if (const auto left = ReadSecretFile(DeviceKeyPath()); !absl::IsNotFound(left.status())) {
    LABREC_RETURN_IF_ERROR(left.status());
    LABREC_ASSIGN_OR_RETURN(EcdsaPrivateKey key, EcdsaPrivateKey::FromPem(*left));
    return std::make_unique<SoftwareSigner>(std::move(key));
  }
  EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  LABREC_RETURN_IF_ERROR(WriteFile(DeviceKeyPath(), key.ToPem().view(), kSecretMode, Overwrite::kRefuse));
  return std::make_unique<SoftwareSigner>(std::move(key));
}

absl::Status Home::CheckWritable() const {
  return TryToWrite(folder_ / "state", kTrialBytes);
}

absl::StatusOr<DeviceState> Home::LoadState() const {
  LABREC_ASSIGN_OR_RETURN(
      const SecretBytes content,
      Load(folder_ / "state",
           folder_.string() + " is not the home of a mailbox's member; run init, or let it in"));
  return DeviceState::Parse(content.view());
}

absl::Status Home::SaveState(const DeviceState& state) const {
  return WriteFile(folder_ / "state", state.Serialize().view(), kSecretMode, Overwrite::kReplace);
}

absl::StatusOr<PendingDevice> Home::LoadPending() const {
  LABREC_ASSIGN_OR_RETURN(
      const SecretBytes content,
      Load(folder_ / "pending", "this device did not ask to be let in; run device request first"));
  return PendingDevice::Parse(content.view());
}

absl::Status Home::SavePending(const PendingDevice& pending) const {
  return WriteFile(folder_ / "pending", pending.Serialize().view(), kSecretMode, Overwrite::kReplace);
}

void Home::ForgetPending() const {
  std::error_code ignored;
  fs::remove(folder_ / "pending", ignored);
}

std::optional<recovery::labyrinth::AccountName> Home::Account() const {
  if (const auto state = LoadState(); state.ok()) return state->account;
  if (const auto pending = LoadPending(); pending.ok()) return pending->account;
  return std::nullopt;
}

absl::StatusOr<std::optional<std::string>> Home::Record() const {
  const auto content = ReadFile(folder_ / "record");
  if (absl::IsNotFound(content.status())) return std::nullopt;
  LABREC_RETURN_IF_ERROR(content.status());
  return ToString(*content);
}

absl::Status Home::SaveRecord(const std::string& record) const {
  return WriteFile(folder_ / "record", AsBytes(record), kSecretMode, Overwrite::kReplace);
}

absl::StatusOr<std::vector<OpeningRecord::Line>> Home::Seen() const {
  const auto content = ReadFile(folder_ / "seen");
  std::vector<OpeningRecord::Line> members;
  if (absl::IsNotFound(content.status())) return members;
  LABREC_RETURN_IF_ERROR(content.status());
  std::istringstream lines(ToString(*content));
  for (std::string text; std::getline(lines, text);) {
    const auto line = ParseLine(text);
    if (!line.has_value()) {
      return absl::DataLossError((folder_ / "seen").string() + " is not a list of members; run device list");
    }
    members.push_back(*line);
  }
  return members;
}

absl::Status Home::SaveSeen(const std::vector<OpeningRecord::Line>& members) const {
  std::string text;
  for (const OpeningRecord::Line& line : members) text += TextOf(line) + "\n";
  return WriteFile(folder_ / "seen", AsBytes(text), kSecretMode, Overwrite::kReplace);
}

}  // namespace labrec::mailbox
