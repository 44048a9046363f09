#include "hsm/pkcs11/pkcs11_device.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/anchor/names.h"
#include "hsm/pkcs11/anchor/state.h"
#include "hsm/pkcs11/derivation_key.h"
#include "hsm/pkcs11/evaluation_key.h"
#include "hsm/pkcs11/freshness_anchor.h"
#include "hsm/pkcs11/period_keys.h"
#include "hsm/pkcs11/probe.h"
#include "hsm/pkcs11/provision.h"
#include "hsm/pkcs11/random.h"
#include "hsm/pkcs11/token/connection.h"
#include "hsm/pkcs11/token/error_queue.h"

namespace labrec::hsm::pkcs11 {
namespace {

std::string Said(const std::optional<bool>& flag) {
  if (!flag.has_value()) return "not said";
  return *flag ? "true" : "false";
}

// The token's words about a key that it made: a claim, which nothing proves.
std::string ClaimLine(const char* which, const KeyClaims& claims) {
  return absl::StrCat(which, " key: CKA_LOCAL ", Said(claims.local), ", CKA_NEVER_EXTRACTABLE ",
                      Said(claims.never_extractable), ", CKA_ALWAYS_SENSITIVE ",
                      Said(claims.always_sensitive));
}

class Pkcs11Device : public Device {
 public:
  Pkcs11Device(std::unique_ptr<Connection> connection, const State& state)
      : connection_(std::move(connection)), description_(connection_->description()), random_(*connection_) {
    description_.claims = {absl::StrCat("device: ", description_.manufacturer, ", ", description_.model)};
    if (state.keys.has_value()) {
      description_.claims.push_back(ClaimLine("evaluation", state.keys->evaluation_claims));
      description_.claims.push_back(ClaimLine("derivation", state.keys->derivation_claims));
      evaluation_key_.emplace(*connection_, state.keys->public_key);
      derivation_key_.emplace(*connection_);
    }
    if (!state.anchor) return;
    anchor_.emplace(*connection_, state.scope);
    period_keys_.emplace(*connection_, state.scope);
  }

  EvaluationKey* evaluation_key() override { return evaluation_key_ ? &*evaluation_key_ : nullptr; }
  DerivationKey* derivation_key() override { return derivation_key_ ? &*derivation_key_ : nullptr; }
  FreshnessAnchor* freshness_anchor() override { return anchor_ ? &*anchor_ : nullptr; }
  Random* random() override { return &random_; }
  Attester* attester() override { return nullptr; }  // PKCS#11 has no standard attestation
  CountedKeys* counted_keys() override { return nullptr; }
  PeriodKeys* period_keys() override { return period_keys_ ? &*period_keys_ : nullptr; }
  const DeviceDescription& description() const override { return description_; }
  int parallelism() const override { return connection_->parallelism(); }

 private:
  const std::unique_ptr<Connection> connection_;
  DeviceDescription description_;
  std::optional<Pkcs11EvaluationKey> evaluation_key_;
  std::optional<Pkcs11DerivationKey> derivation_key_;
  std::optional<KeyRatchetAnchor> anchor_;
  std::optional<TokenPeriodKeys> period_keys_;
  Pkcs11Random random_;
};

// A module, a token and one session, for work that is done once. Closed in the opposite order.
struct Visit {
  std::unique_ptr<Module> module;
  Initialized initialized;
  Token token;
  Session session;
};

absl::StatusOr<Visit> Begin(const TokenAddress& address) {
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Module> module,
                          Module::Load(address.module_path(), address.init_args()));
  LABREC_ASSIGN_OR_RETURN(Initialized initialized, Initialized::Begin(*module));
  LABREC_ASSIGN_OR_RETURN(const Token token, FindToken(initialized.api(), address));
  LABREC_ASSIGN_OR_RETURN(Session session, Session::Open(initialized.api(), token.slot));
  return Visit{std::move(module), std::move(initialized), token, std::move(session)};
}

absl::StatusOr<Visit> BeginLoggedIn(const DeviceAddress& address) {
  LABREC_ASSIGN_OR_RETURN(const TokenAddress token_address, TokenAddress::Parse(address.uri));
  LABREC_ASSIGN_OR_RETURN(Visit visit, Begin(token_address));
  LABREC_RETURN_IF_ERROR(Login(visit.session, visit.token, token_address));
  return visit;
}

absl::StatusOr<State> Make(const Visit& visit, const ProvisionOptions& options, const Scope& scope) {
  State state;
  state.scope = scope;
  state.anchor = options.roles.anchor;
  state.token = Describe(visit.initialized.api(), visit.token).model;
  if (options.roles.keys) {
    LABREC_ASSIGN_OR_RETURN(state.keys, MakeKeys(visit.session, scope));
  }
  if (options.roles.anchor) LABREC_RETURN_IF_ERROR(MakeAnchor(visit.session, scope));
  return state;
}

// Works in a session of its own: after a failure the other session may be in the middle of something.
absl::Status RemoveIn(const Visit& visit, const Scope& scope) {
  LABREC_ASSIGN_OR_RETURN(const Session session, Session::Open(visit.initialized.api(), visit.token.slot));
  return RemoveAll(session, scope);
}

}  // namespace

absl::Status CheckAddress(const DeviceAddress& address) {
  return TokenAddress::Parse(address.uri).status();
}

absl::StatusOr<ProbeReport> Probe(const DeviceAddress& address, const DeviceRoles& roles) {
  const ErrorQueueGuard guard;
  LABREC_ASSIGN_OR_RETURN(const TokenAddress token_address, TokenAddress::Parse(address.uri));
  LABREC_ASSIGN_OR_RETURN(const Visit visit, Begin(token_address));
  ProbeReport report;
  report.description = Describe(visit.initialized.api(), visit.token);
  report.findings.push_back({.what = "PKCS#11 module and token", .present = true, .remedy = ""});
  const absl::Status login = Login(visit.session, visit.token, token_address);
  report.findings.push_back({.what = "login with the user PIN",
                             .present = login.ok(),
                             .remedy = login.ok() ? "" : std::string(login.message())});
  if (!login.ok()) return report;
  for (ProbeFinding& finding : Try(visit.session, roles)) report.findings.push_back(std::move(finding));
  return report;
}

absl::StatusOr<DeviceState> Provision(const DeviceAddress& address, const ProvisionOptions& options) {
  const ErrorQueueGuard guard;
  if (options.realm_id.size() != kRealmIdSize) return absl::InvalidArgumentError("a realm id has 16 bytes");
  if (!options.roles.keys && !options.roles.anchor) {
    return absl::InvalidArgumentError("a device is provisioned with keys, an anchor, or both");
  }
  LABREC_ASSIGN_OR_RETURN(const Visit visit, BeginLoggedIn(address));
  const Scope scope = Scope::NewFor(options.realm_id);
  auto state = Make(visit, options, scope);
  if (state.ok()) return ToJson(*state);
  const absl::Status removed = RemoveIn(visit, scope);
  if (removed.ok()) return state.status();
  return absl::Status(state.status().code(),
                      absl::StrCat(state.status().message(),
                                   "; and what was made could not be removed again: ", removed.message()));
}

absl::StatusOr<std::unique_ptr<Device>> Open(const DeviceAddress& address, const DeviceState& state,
                                             const SecretBytes& /*authorization*/) {
  const ErrorQueueGuard guard;
  LABREC_ASSIGN_OR_RETURN(TokenAddress token_address, TokenAddress::Parse(address.uri));
  LABREC_ASSIGN_OR_RETURN(const State parsed, FromJson(state));
  auto find_keys = [parsed](const Session& session) { return FindPinned(session, parsed); };
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection,
                          Connection::Open(std::move(token_address), std::move(find_keys)));
  return std::make_unique<Pkcs11Device>(std::move(connection), parsed);
}

absl::Status Deprovision(const DeviceAddress& address, const DeviceState& state,
                         const SecretBytes& /*authorization*/, const SecretBytes& /*owner_authorization*/) {
  const ErrorQueueGuard guard;
  LABREC_ASSIGN_OR_RETURN(const State parsed, FromJson(state));
  LABREC_ASSIGN_OR_RETURN(const Visit visit, BeginLoggedIn(address));
  return RemoveAll(visit.session, parsed.scope);
}

}  // namespace labrec::hsm::pkcs11
