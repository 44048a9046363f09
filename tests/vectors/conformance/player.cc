#include "tests/vectors/conformance/player.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"
#include "tests/vectors/conformance/floor.h"
#include "tests/vectors/conformance/request.h"

namespace labrec::conformance {
namespace {

constexpr const char* kOutcomes[] = {"none",   "recovered", "sealed",    "done",           "wrong-pin",
                                     "locked", "used-up",   "destroyed", "not-registered", "failed"};
constexpr const char* kFailures[] = {
    "none",   "too-few-realms", "unproven",  "tls-mismatch", "upgrade-required", "contended",    "invalid",
    "faulty", "refused",        "cancelled", "other",        "disputed",         "another-realm"};
constexpr const char* kConditions[] = {"good",    "pending",     "faulty",    "outdated",
                                       "locked",  "spent",       "destroyed", "not-registered",
                                       "refused", "unreachable", "late"};
constexpr const char* kNames[] = {"oslo", "porto", "quito"};

void Require(bool is_true, const std::string& what) {
  if (is_true) return;
  std::cerr << "conformance kit: " << what << "\n";
  std::abort();
}

lrc_bytes Lend(ByteView bytes) {
  return {bytes.data(), bytes.size()};
}
Bytes Own(lrc_bytes bytes) {
  return ToBytes(ByteView(bytes.data, bytes.size));
}
Bytes HexAt(const Json& object, const char* key) {
  return object.contains(key) ? FromHex(object[key].get<std::string>()).value() : Bytes();
}

KitReply ReplyOf(const Json& written) {
  const int code = written["code"];
  KitReply reply{absl::Status(static_cast<absl::StatusCode>(code), code == 0 ? "" : "as written"),
                 HexAt(written, "body"), std::nullopt};
  if (written.contains("retry_after_ms")) reply.retry_after_ms = written["retry_after_ms"].get<int64_t>();
  return reply;
}

Json JsonOf(const MaybeReply& reply) {
  if (!reply) return nullptr;
  Json json = {{"code", static_cast<int>(reply->status.code())}};
  if (reply->status.ok()) json["body"] = Hex(reply->body);
  if (reply->retry_after_ms) json["retry_after_ms"] = *reply->retry_after_ms;
  return json;
}

class Written final : public KitRealm {
 public:
  explicit Written(const Json& exchanges) : exchanges_(exchanges) {}
  MaybeReply Answer(std::string_view method, const Bytes&) override {
    // A call that is not in the transcript shows where both are compared.
    if (next_ == exchanges_.size()) return Refuse(absl::StatusCode::kUnimplemented, method);
    const Json& reply = exchanges_[next_++]["reply"];
    return reply.is_null() ? MaybeReply() : ReplyOf(reply);
  }

 private:
  const Json exchanges_;
  size_t next_ = 0;
};

void FillFrom(void* draws, uint8_t* to, size_t size) {
  static_cast<Draws*>(draws)->Fill(to, size);
}
int64_t KitClock(void*) {
  return kKitNowMs;
}

}  // namespace

std::unique_ptr<KitRealm> WrittenRealm(const Json& exchanges) {
  return std::make_unique<Written>(exchanges);
}

std::string KitToken(size_t realm) {
  const Json claims = {
      {"iss", Example::kTenant}, {"sub", Example::kAccount}, {"aud", Hex(Example::RealmId(realm))}};
  return absl::StrCat(absl::WebSafeBase64Escape(R"({"alg":"ES256"})"), ".",
                      absl::WebSafeBase64Escape(claims.dump()), ".", absl::WebSafeBase64Escape("signature"));
}

Draws::Draws(const Json& written) : replays_(true) {
  for (const Json& draw : written) left_.push_back(FromHex(draw.get<std::string>()).value());
}

void Draws::Fill(uint8_t* to, size_t size) {
  Bytes bytes;
  if (replays_) {
    Require(!left_.empty() && left_.front().size() == size, "the core draws other random bytes than written");
    bytes = left_.front();
    left_.pop_front();
  } else {
    for (uint32_t block = 0; bytes.size() < size; ++block) {
      const Digest digest = Sha256(AsBytes(absl::StrCat(name_, "/", drawn_.size(), "/", block)));
      bytes.insert(bytes.end(), digest.begin(), digest.end());
    }
    bytes.resize(size);
  }
  std::ranges::copy(bytes, to);
  drawn_.push_back(Hex(bytes));
}

Player::Player(Json transcript, KitRealms& realms, Draws& draws)
    : transcript_(std::move(transcript)), realms_(realms), draws_(draws), device_(KitDevice()) {
  const Bytes spki = device_.public_key().Spki();
  Bytes ids[Example::kRealms];
  lrc_realm entries[Example::kRealms];
  for (size_t i = 0; i < Example::kRealms; ++i) {
    ids[i] = Example::RealmId(i);
    entries[i] = {Lend(ids[i]), kNames[i], {}};
    exchanges_[i] = Json::array();
  }
  const Bytes certificate = {0x30, 0x00};  // nobody gets as far as to look at it
  const lrc_bytes anchor = Lend(certificate);
  lrc_proof proof{};
  proof.anchors = &anchor;
  proof.anchor_count = 1;
  lrc_options options{};
  options.abi = LRC_ABI;
  options.tenant = Example::kTenant;
  options.account = Example::kAccount;
  options.realms = entries;
  options.realm_count = Example::kRealms;
  options.device_public_key = Lend(spki);
  options.random = FillFrom;
  options.unix_ms = KitClock;
  options.context = &draws_;
  if (transcript_["operation"].value("demands_proof", false)) options.proof = &proof;
  Require(lrc_account_new(&options, &account_) == LRC_OK, "no account");
  op_ = Start();
}

Player::~Player() {
  lrc_op_free(op_);
  lrc_account_free(account_);
}

lrc_op* Player::Start() {
  const Json& operation = transcript_["operation"];
  const std::string kind = operation["kind"];
  const std::string record = operation.value("record", "");
  const Bytes pin = HexAt(operation, "pin"), new_pin = HexAt(operation, "new_pin");
  const Bytes secret = HexAt(operation, "secret");
  lrc_recover_options recover{};
  recover.least_realms = operation.value("least_realms", 0U);
  recover.persons_word = operation.value("persons_word", false) ? 1 : 0;
  recover.active_only = operation.value("active_only", false) ? 1 : 0;
  recover.own_tries = operation.value("own_tries", 0U);
  // To delete by the PIN is to recover first; the guesses are to end then, and not to be given back.
  recover.refill_later = kind == "delete" ? 1 : 0;
  lrc_seal_options seal{};
  seal.threshold = operation.value("threshold", 0U);
  seal.guess_limit = operation.value("guess_limit", 0U);
  seal.argon_memory_kib = operation.value("argon_memory_kib", 0U);
  seal.argon_passes = operation.value("argon_passes", 0U);
  if (kind == "recover" || (kind == "delete" && !pin.empty()))
    return lrc_recover(account_, record.c_str(), &recover, Lend(pin));
  if (kind == "seal") return lrc_seal(account_, record.c_str(), &seal, Lend(pin), Lend(secret), nullptr);
  if (kind == "change-pin") {
    return lrc_change_pin(account_, record.c_str(), &recover, 0, Lend(pin), Lend(new_pin));
  }
  if (kind == "heal") return lrc_heal(account_, record.c_str(), &recover, 0, Lend(pin));
  if (kind == "status") return lrc_status(account_, record.c_str(), &recover);
  if (kind == "delete") return lrc_delete(account_, record.c_str(), nullptr);
  if (kind == "read-floor") return lrc_read_floor(account_, record.c_str());
  if (kind == "raise-floor") {
    const Bytes digest = HexAt(operation, "digest");
    return lrc_raise_floor(account_, record.c_str(), operation["sequence"], Lend(digest));
  }
  if (kind == "revoke") {
    const Bytes id = HexAt(operation, "device_id");
    return lrc_revoke(account_, Lend(id), nullptr);
  }
  Require(kind == "enroll", "no operation " + kind);
  const std::string name = operation["name"];
  return lrc_enroll(account_, name.c_str(), {}, nullptr);
}

Json Player::Play() {
  for (int turn = 0;; ++turn) {
    Require(turn < 10'000, transcript_["name"].get<std::string>() + " does not end");
    lrc_step step;
    lrc_op_next(op_, now_ms_, &step);
    if (step.kind == LRC_STEP_DONE && !GoesOn()) break;
    if (step.kind == LRC_STEP_DONE) continue;
    if (step.kind == LRC_STEP_WAIT) {
      Go(step.until_ms);
    } else {
      Take(step);
    }
  }
  transcript_["client"] = ClientOf();
  transcript_["random"] = draws_.drawn();
  transcript_["realms"] = exchanges_;
  transcript_["result"] = ResultOf();
  return transcript_;
}

// Who has recovered to delete does it now.
bool Player::GoesOn() {
  const Json& operation = transcript_["operation"];
  lrc_result result;
  if (operation["kind"] != "delete" || lrc_op_result(op_, &result) != 1) return false;
  if (result.outcome != LRC_OUTCOME_RECOVERED) return false;
  const std::string record = operation["record"];
  lrc_op* const next = lrc_delete(account_, record.c_str(), op_);
  lrc_op_free(op_);
  op_ = next;
  open_.clear();
  return true;
}

void Player::Take(const lrc_step& step) {
  switch (step.kind) {
    case LRC_STEP_CALL:
      Call(step);
      break;
    case LRC_STEP_TOKEN:
      open_.push_back({step.id, {absl::OkStatus(), ToBytes(KitToken(step.realm)), std::nullopt}});
      break;
    case LRC_STEP_SIGN:
      open_.push_back({step.id, {absl::OkStatus(), ToBytes(device_.Sign(Own(step.body))), std::nullopt}});
      break;
    case LRC_STEP_WORK:
      lrc_job_run(step.job);
      open_.push_back({step.id, {}});
      break;
    default:
      std::erase_if(open_, [&](const Answer& at) { return at.id == step.id; });
  }
}

void Player::Call(const lrc_step& step) {
  const std::string_view path = step.path;
  const std::string method(path.substr(path.rfind('/') + 1));
  Require(step.token == nullptr || step.token == KitToken(step.realm), "a token for another realm");
  const Bytes body = Own(step.body);
  const Bytes id = Example::RealmId(step.realm);
  const ShownRequest shown = Show(method, body, {id, Example::kTenant, Example::kAccount});
  Json exchange = {{"method", method}, {"body", Hex(shown.body)}};
  if (shown.signed_bytes) exchange["signed"] = Hex(*shown.signed_bytes);
  const MaybeReply reply = realms_[step.realm]->Answer(method, body);
  exchange["reply"] = JsonOf(reply);
  exchanges_[step.realm].push_back(std::move(exchange));
  if (reply) open_.push_back({step.id, *reply});
}

void Player::Go(int64_t until_ms) {
  if (open_.empty()) {
    Require(until_ms != INT64_MAX, transcript_["name"].get<std::string>() + " waits for nobody");
    now_ms_ = until_ms;
    return;
  }
  const Answer answer = open_.front();
  open_.pop_front();
  const std::string message(answer.reply.status.message());
  const lrc_reply reply = {static_cast<lrc_code>(answer.reply.status.code()),
                           Lend(answer.reply.body),
                           message.c_str(),
                           answer.reply.retry_after_ms.value_or(-1),
                           {}};
  lrc_op_reply(op_, answer.id, &reply);
}

Json Player::ClientOf() const {
  Json client = {{"tenant", Example::kTenant},
                 {"account", Example::kAccount},
                 {"unix_ms", kKitNowMs},
                 {"device_private_key", Hex(device_.SecretScalar().SecretBytesView())}};
  for (size_t i = 0; i < Example::kRealms; ++i) {
    client["realms"].push_back(
        {{"id", Hex(Example::RealmId(i))}, {"name", kNames[i]}, {"token", KitToken(i)}});
  }
  return client;
}

Json Player::ReportsOf() const {
  Json reports = Json::array();
  lrc_realm_report report;
  while (lrc_op_realm(op_, reports.size(), &report) == 1) {
    Json entry = {{"condition", kConditions[report.condition]}};
    if (report.remaining >= 0) entry["remaining"] = report.remaining;
    if (report.locked_until_ms != 0) entry["locked_until_ms"] = report.locked_until_ms;
    if (report.chip_uses >= 0) {
      entry["chip_uses"] = report.chip_uses;
      entry["unexplained"] = report.unexplained;
    }
    lrc_version version;
    for (size_t i = 0; lrc_op_version(op_, reports.size(), i, &version) == 1; ++i) {
      Json shown = {{"version", version.version}, {"pending", version.pending != 0}};
      if (version.remaining >= 0) shown["remaining"] = version.remaining;
      shown["registered_by"] = Hex(Own(version.registered_by));
      entry["versions"].push_back(std::move(shown));
    }
    reports.push_back(std::move(entry));
  }
  return reports;
}

Json Player::FloorsOf() const {
  Json floors = Json::array();
  lrc_floor floor;
  while (lrc_op_floor(op_, floors.size(), &floor) == 1) {
    floors.push_back({{"realm", floor.realm},
                      {"sequence", floor.sequence},
                      {"digest", Hex(Own(floor.digest))},
                      {"device_public_key", Hex(Own(floor.device))}});
  }
  return floors;
}

Json Player::ResultOf() const {
  lrc_result result;
  Require(lrc_op_result(op_, &result) == 1, "no result");
  Json json = {{"outcome", kOutcomes[result.outcome]}};
  if (result.outcome == LRC_OUTCOME_FAILED) json["failure"] = kFailures[result.failure];
  if (result.secret.size > 0) json["secret"] = Hex(Own(result.secret));
  if (result.version != 0) json["version"] = result.version;
  if (result.threshold != 0) json["threshold"] = result.threshold;
  if (result.holders != 0) json["holders"] = result.holders;
  if (result.guess_limit != 0) json["guess_limit"] = result.guess_limit;
  if (result.outcome == LRC_OUTCOME_WRONG_PIN || result.outcome == LRC_OUTCOME_DONE) {
    json["tries_left"] = result.tries_left;
  }
  if (result.active_version != 0) json["active_version"] = result.active_version;
  if (result.locked_until_ms != 0) json["locked_until_ms"] = result.locked_until_ms;
  if (result.outcome == LRC_OUTCOME_SEALED) {
    json["complete"] = result.complete != 0;
    json["pin_is_known"] = result.pin_is_known != 0;
  }
  if (Json floors = FloorsOf(); !floors.empty()) json["floors"] = std::move(floors);
  json["realms"] = ReportsOf();
  return json;
}

}  // namespace labrec::conformance
