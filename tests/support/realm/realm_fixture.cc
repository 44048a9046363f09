#include "tests/support/realm/realm_fixture.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/host_port.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/net/loopback.h"
#include "tests/support/process/folder_watch.h"
#include "tests/support/realm/realm_stub.h"

namespace labrec::test {
namespace {

constexpr std::chrono::seconds kServingWithin{20};
constexpr std::chrono::milliseconds kPollEvery{5};

std::string ReadText(const std::filesystem::path& path) {
  const auto content = ReadFile(path, 64U << 20);
  return content.ok() ? ToString(*content) : std::string();
}

int Occurrences(std::string_view text, std::string_view part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

absl::Status WriteText(const std::filesystem::path& path, std::string_view text) {
  return WriteFile(path, AsBytes(text), 0600, Overwrite::kReplace);
}

}  // namespace

std::string RealmFixture::Program(const char* name) {
  return absl::StrCat(LABREC_BIN_DIR, "/", name);
}

absl::StatusOr<std::unique_ptr<RealmFixture>> RealmFixture::Make(SimulatorKind kind, Options options) {
  std::unique_ptr<RealmFixture> realm(new RealmFixture(options.lasting));
  realm->options_ = std::move(options);
  std::filesystem::create_directories(realm->Place());
  LABREC_RETURN_IF_ERROR(realm->StartSimulator(kind));
  LABREC_RETURN_IF_ERROR(realm->Init(realm->options_));
  LABREC_RETURN_IF_ERROR(realm->ChooseAddress());
  LABREC_RETURN_IF_ERROR(WriteText(realm->jwks(), recovery::TokenKeySet(realm->token_key_.public_key())));
  return realm;
}

absl::Status RealmFixture::StartSimulator(SimulatorKind kind) {
  if (kind == SimulatorKind::kSwtpm) {
    LABREC_ASSIGN_OR_RETURN(
        swtpm_, options_.lasting.empty() ? Swtpm::Start() : Swtpm::StartLasting(folder_.path() / "tpm"));
    if (options_.prepare_tpm) LABREC_RETURN_IF_ERROR(options_.prepare_tpm(*swtpm_));
    if (options_.tpm_access == TpmAccess::kResourceManager) {
      LABREC_ASSIGN_OR_RETURN(tabrmd_, Tabrmd::Start(*swtpm_));
    }
  } else if (!options_.lasting.empty()) {
    return absl::InvalidArgumentError(
        "a SoftHSM2 token lies in memory and does not last: use a software TPM");
  } else {
    LABREC_ASSIGN_OR_RETURN(softhsm_, SoftHsm::Start());
  }
  return absl::OkStatus();
}

std::string RealmFixture::device_uri() const {
  if (!options_.device.empty()) return options_.device;
  if (tabrmd_ != nullptr) return absl::StrCat("tpm2:", tabrmd_->tcti());
  return swtpm_ != nullptr ? absl::StrCat("tpm2:", swtpm_->tcti()) : softhsm_->uri();
}

void RealmFixture::BreakDevice() {
  if (swtpm_ != nullptr) swtpm_->Kill();
  if (softhsm_ != nullptr) softhsm_->Break();
}

absl::Status RealmFixture::RepairDevice() {
  if (swtpm_ != nullptr) return swtpm_->Restart();
  softhsm_->Repair();
  return absl::OkStatus();
}

std::map<std::string, std::string> RealmFixture::SimulatorEnvironment() const {
  if (tabrmd_ != nullptr) return tabrmd_->environment();
  if (softhsm_ == nullptr) return {};
  return {{"SOFTHSM2_CONF", softhsm_->configuration().string()}};
}

absl::Status RealmFixture::Init(const Options& options) {
  std::vector<std::string> arguments = {"realm",   "init",           "--device", device_uri(),
                                        "--state", state().string(), "--name",   options.name};
  arguments.insert(arguments.end(), options.init_options.begin(), options.init_options.end());
  if (std::filesystem::exists(state() / "realm.json")) arguments = {"realm", "show", "--state", state()};
  LABREC_ASSIGN_OR_RETURN(const std::string made, Admin(std::move(arguments), false));
  const auto json = nlohmann::json::parse(made, nullptr, false);
  if (!json.is_object() || !json.contains("realm_id")) {
    return absl::InternalError(absl::StrCat("labyrinth-admin printed no realm_id: ", made));
  }
  realm_id_ = json["realm_id"].get<std::string>();
  return absl::OkStatus();
}

absl::Status RealmFixture::ChooseAddress() {
  if (options_.transport == Transport::kUnixSocket) {
    address_ = absl::StrCat("unix:", (Place() / "rpc").string());
    return absl::OkStatus();
  }
  LABREC_ASSIGN_OR_RETURN(const int port, FreePort());
  address_ = absl::StrCat(options_.host, ":", port);
  return MakeTlsChain(folder_.path(), options_.chain);
}

absl::Status RealmFixture::WriteConfiguration() {
  const std::string device =
      device_uri_.empty() ? "" : absl::StrCat("[device]\nuri = \"", device_uri_, "\"\n");
  const bool tls = options_.transport == Transport::kLoopbackTls;
  const std::string web = options_.web ? absl::StrCat("[web]\naddress = \"", web_address(), "\"\norigins = [",
                                                      options_.origins, "]\n")
                                       : "";
  return WriteText(folder_.path() / "recoveryd.toml",
                   absl::StrCat("[realm]\nstate = \"", state().string(), "\"\n", device,  //
                                "[listen]\naddress = \"", address_, "\"\n",
                                tls ? "certificate = \"tls.pem\"\nkey = \"tls.key\"\n" : "", web,
                                "[admin]\nsocket = \"", admin_socket().string(), "\"\n", options_.more_admin,
                                "[tenants.chat]\njwks = \"chat.jwks\"\n",  //
                                "[policy]\nfirst_device = \"", options_.first_device, "\"\n", options_.policy,
                                "\n[limits]\n", options_.limits, "\n", options_.more_configuration));
}

absl::Status RealmFixture::StartDaemon(const std::map<std::string, std::string>& environment) {
  if (daemon_ != nullptr && daemon_->Running()) {
    return absl::FailedPreconditionError(
        "the daemon started last still runs: end it with daemon().Kill() or StopDaemon(), which wait");
  }
  LABREC_RETURN_IF_ERROR(WriteConfiguration());
  std::map<std::string, std::string> all = SimulatorEnvironment();
  all.insert(environment.begin(), environment.end());
  LABREC_ASSIGN_OR_RETURN(daemon_, ChildProcess::Start({{Program("labyrinth-recoveryd"), "--config",
                                                         (folder_.path() / "recoveryd.toml").string()},
                                                        std::move(all),
                                                        log()}));
  daemon_pid_ = daemon_->pid();
  return WaitUntilServing();
}

absl::Status RealmFixture::WaitUntilServing() {
  const auto deadline = std::chrono::steady_clock::now() + kServingWithin;
  while (std::chrono::steady_clock::now() < deadline) {
    if (!daemon_->Running()) break;
    const auto stub = NewStub(*this);  // a channel that failed waits for seconds before it tries again
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
    labyrinth::recovery::v1::GetRealmResponse response;
    if (stub->GetRealm(&context, {}, &response).ok()) return absl::OkStatus();
    std::this_thread::sleep_for(kPollEvery);
  }
  const std::string text = Log();
  return absl::UnavailableError(absl::StrCat("the daemon does not serve; the end of its log:\n",
                                             text.substr(text.size() - std::min<size_t>(text.size(), 2000))));
}

absl::StatusOr<std::string> RealmFixture::Admin(std::vector<std::string> arguments, bool socket) {
  const std::filesystem::path out = folder_.path() / "admin.out";
  std::filesystem::remove(out);
  std::string command = absl::StrCat("exec '", Program("labyrinth-admin"), "'");
  for (const std::string& argument : arguments) absl::StrAppend(&command, " '", argument, "'");
  if (socket) absl::StrAppend(&command, " --socket '", admin_socket().string(), "'");
  absl::StrAppend(&command, " --json >'", out.string(), "'");
  const std::filesystem::path errors = folder_.path() / "admin.err";
  std::filesystem::remove(errors);
  LABREC_ASSIGN_OR_RETURN(auto child,
                          ChildProcess::Start({{"/bin/sh", "-c", command}, SimulatorEnvironment(), errors}));
  LABREC_ASSIGN_OR_RETURN(const int status, child->Wait(std::chrono::seconds(60)));
  if (status != 0) {
    return absl::UnknownError(absl::StrCat("labyrinth-admin ended with ", status, ": ", ReadText(errors)));
  }
  return ReadText(out);
}

std::string RealmFixture::Token(const std::string& account) const {
  recovery::TokenContents contents;
  contents.tenant = "chat";
  contents.account = account;
  contents.audience = realm_id_;
  contents.issued_at_s = SystemClock().NowMillis() / 1000;
  return recovery::IssueToken(token_key_, contents);
}

std::string RealmFixture::web_address() const {
  return options_.web ? absl::StrCat("unix:", (Place() / "web").string()) : "";
}

std::shared_ptr<grpc::Channel> RealmFixture::NewChannel() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto credentials = grpc::InsecureChannelCredentials();
  if (options_.transport == Transport::kLoopbackTls) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = ReadText(ca_certificate());
    credentials = grpc::SslCredentials(tls);
  }
  return grpc::CreateCustomChannel(TargetUri(address_), credentials, arguments);
}

absl::Status RealmFixture::WaitForLog(std::string_view text, int times) const {
  LABREC_ASSIGN_OR_RETURN(const auto folder, FolderWatch::On(log().parent_path()));
  if (folder->WaitUntil([&] { return Occurrences(Log(), text) >= times; }, kServingWithin)) {
    return absl::OkStatus();
  }
  return absl::DeadlineExceededError(
      absl::StrCat("not found ", times, " times in the log: ", std::string(text), "\n", Log()));
}

std::string RealmFixture::Log() const {
  return ReadText(log());
}

}  // namespace labrec::test
