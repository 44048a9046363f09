#include "tests/vectors/conformance/values.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/p256.h"
#include "pin/pin_text.h"
#include "recovery/api/request_bytes.h"
#include "recovery/client/c/labyrinth_recovery.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/methods.h"
#include "recovery/client/tokens/bearer_token.h"
#include "tests/support/checkout_paths.h"
#include "tests/vectors/conformance/example.h"
#include "tests/vectors/conformance/record.h"

namespace labrec::conformance {

using Json = nlohmann::ordered_json;
using recovery::Operation;

Json ExampleValues() {
  const Example example;
  Json values;
  for (const auto& [name, value] : example.lines()) values[name] = value;
  values["secret"] = Hex(KitSecret());
  values["sealed_secret"] = Hex(ExampleRecord().sealed_secret);
  return values;
}

namespace {

Json SignedRow(const Example& example, Operation operation, Json fields, const Bytes& body) {
  const Bytes challenge = Counting(0xA0, 32);
  return {{"operation", std::string(OperationName(operation))},
          {"fields", std::move(fields)},
          {"body", Hex(body)},
          {"challenge", Hex(challenge)},
          {"bytes", Hex(RequestBytes(example.Scope(), operation, challenge, body))}};
}

}  // namespace

Json SignedValues() {
  using namespace recovery;  // the bodies
  const Example example;
  const KitRecord record = ExampleRecord();
  const std::string name = Example::kRecord;
  const Bytes spki = record.UnlockSpki(Example::RealmId(0));
  const Bytes id = Counting(0x10, 16), registration = Counting(0xB0, 16), digest = Counting(0x40, 32);
  const Bytes nonce = Counting(0x30, 32);
  const RegistrationParts parts{
      name, 1, registration, record.config_bytes, record.commitment, spki, record.sealed_secret};
  const Json version = {{"record", name}, {"version", 1}};
  Json begin = version, finish = version;
  begin.update({{"unlock_public_key", Hex(spki)}, {"guess_limit", 10}, {"nonce", Hex(nonce)}});
  finish.update({{"registration_id", Hex(registration)},
                 {"config", Hex(record.config_bytes)},
                 {"commitment", Hex(record.commitment)},
                 {"unlock_public_key", Hex(spki)},
                 {"sealed_secret", Hex(record.sealed_secret)}});
  Json rows = Json::array();
  rows.push_back(SignedRow(example, Operation::kEnrollDevice, {{"public_key", Hex(spki)}, {"name", "phone"}},
                           EnrollDeviceBody(spki, "phone")));
  rows.push_back(
      SignedRow(example, Operation::kRevokeDevice, {{"device_id", Hex(id)}}, RevokeDeviceBody(id)));
  rows.push_back(
      SignedRow(example, Operation::kBeginChipVersion, begin, BeginChipBody(name, 1, spki, 10, nonce)));
  rows.push_back(SignedRow(example, Operation::kFinishRegistration, finish, FinishRegistrationBody(parts)));
  rows.push_back(SignedRow(example, Operation::kActivate, version, ActivateBody(name, 1)));
  rows.push_back(SignedRow(example, Operation::kDeleteRecord, {{"record", name}}, RecordBody(name)));
  rows.push_back(SignedRow(example, Operation::kRaiseFloor,
                           {{"record", name}, {"sequence", 258}, {"digest", Hex(digest)}},
                           RaiseFloorBody(name, 258, digest)));
  rows.push_back(SignedRow(example, Operation::kGetFloor, {{"record", name}}, RecordBody(name)));
  return {{"realm_id", Hex(Example::RealmId(0))},
          {"tenant", Example::kTenant},
          {"account", Example::kAccount},
          {"requests", std::move(rows)},
          {"unlock",
           {{"fields", version},
            {"challenge", Hex(Counting(0xA0, 32))},
            {"bytes", Hex(UnlockBytes(example.Scope(), name, 1, Counting(0xA0, 32)))}}}};
}

namespace {

Json PointRow(std::string name, const Bytes& bytes) {
  return {{"name", std::move(name)}, {"bytes", Hex(bytes)}, {"good", P256Point::ParseCompressed(bytes).ok()}};
}

Bytes Prefixed(uint8_t prefix, ByteView rest) {
  Bytes bytes = {prefix};
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

}  // namespace

Json PointValues() {
  const P256Point& g = P256Point::Generator();
  const Bytes p = FromHex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff").value();
  const Bytes five_and_p =
      FromHex("ffffffff00000001000000000000000000000001000000000000000000000004").value();
  Bytes short_one = ToBytes(g.Compressed()), long_one = short_one;
  short_one.pop_back();
  long_one.push_back(0);
  Json rows = Json::array();
  rows.push_back(PointRow("the generator", ToBytes(g.Compressed())));
  rows.push_back(PointRow("its negative", ToBytes(g.Negated().Compressed())));
  Bytes five(32, 0);
  five[31] = 5;
  rows.push_back(PointRow("x = 5, even y", Prefixed(2, five)));
  rows.push_back(PointRow("uncompressed", ToBytes(g.Uncompressed())));
  rows.push_back(PointRow("hybrid", Prefixed(6, ByteView(g.Uncompressed()).subspan(1))));
  rows.push_back(PointRow("the identity, as one byte", {0}));
  rows.push_back(PointRow("the identity, padded", Bytes(33, 0)));
  rows.push_back(PointRow("prefix 04 before 32 bytes", Prefixed(4, g.x())));
  rows.push_back(PointRow("prefix 05", Prefixed(5, g.x())));
  rows.push_back(PointRow("prefix 00", Prefixed(0, g.x())));
  rows.push_back(PointRow("x = p", Prefixed(2, p)));
  rows.push_back(PointRow("x = p + 5, which is 5 once reduced", Prefixed(2, five_and_p)));
  rows.push_back(PointRow("x = 2^256 - 1", Prefixed(3, Bytes(32, 0xFF))));
  Bytes off_curve(32, 0);
  while (P256Point::LiftX(off_curve).ok()) ++off_curve[31];
  rows.push_back(PointRow("no y for this x", Prefixed(2, off_curve)));
  rows.push_back(PointRow("32 bytes", short_one));
  rows.push_back(PointRow("34 bytes", long_one));
  rows.push_back(PointRow("no bytes", {}));
  return rows;
}

namespace {

std::string Token(std::string_view claims) {
  return absl::StrCat(absl::WebSafeBase64Escape(R"({"alg":"ES256"})"), ".",
                      absl::WebSafeBase64Escape(AbslView(claims)), ".",
                      absl::WebSafeBase64Escape("signature"));
}

Json TokenRow(std::string name, std::string text) {
  auto token = recovery::client::ParseBearerToken(text);
  const bool is_sent = token.ok() && recovery::client::CheckIsFor(*token, Example::RealmId(0)).ok();
  return {{"name", std::move(name)}, {"token", std::move(text)}, {"sent", is_sent}};
}

// Claims with this "aud".
std::string For(std::string_view audience) {
  return absl::StrCat(R"({"iss":"chat.example","sub":"alice","aud":)", AbslView(audience), "}");
}

}  // namespace

Json TokenValues() {
  const std::string own = "\"" + Hex(Example::RealmId(0)) + "\"";
  const std::string other = "\"" + Hex(Example::RealmId(1)) + "\"";
  Json rows = Json::array();
  rows.push_back(TokenRow("for the realm alone", Token(For(own))));
  rows.push_back(TokenRow("the same, as a list of one", Token(For("[" + own + "]"))));
  rows.push_back(TokenRow("for two realms", Token(For("[" + own + "," + other + "]"))));
  rows.push_back(TokenRow("for another realm", Token(For(other))));
  rows.push_back(TokenRow("for the realm's name", Token(For("\"oslo\""))));
  rows.push_back(TokenRow("for the realm and a service", Token(For("[" + own + ",\"labyrinth-mailbox\"]"))));
  rows.push_back(TokenRow("for nobody", Token(For("[]"))));
  rows.push_back(TokenRow("without an audience", Token(R"({"iss":"chat.example","sub":"alice"})")));
  rows.push_back(TokenRow("the id twice", Token(For("[" + own + "," + own + "]"))));
  rows.push_back(TokenRow("the id cut short", Token(For(own.substr(0, own.size() - 2) + "\""))));
  rows.push_back(TokenRow("without an issuer", Token("{\"sub\":\"alice\",\"aud\":" + own + "}")));
  rows.push_back(TokenRow("without a subject", Token("{\"iss\":\"chat.example\",\"aud\":" + own + "}")));
  rows.push_back(TokenRow("two parts", "e30.e30"));
  rows.push_back(TokenRow("no JSON", "e30.YWJj.c2ln"));
  rows.push_back(TokenRow("no token", ""));
  return {{"realm_id", Hex(Example::RealmId(0))}, {"tokens", std::move(rows)}};
}

// tests/vectors/pin_text.txt, whose results are Python's, as what the core makes of the same bytes.
Json PinValues() {
  std::ifstream file(LABREC_SOURCE_DIR "/tests/vectors/pin_text.txt");
  Json rows = Json::array();
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string typed, wanted, hash, about;
    words >> typed >> wanted >> hash;
    if (typed.empty() || typed[0] == '#') continue;
    std::getline(words >> std::ws, about);
    const Bytes bytes = typed == "-" ? Bytes() : FromHex(typed).value();
    const auto made = pin::NormalizePin(bytes);
    Json row = {{"about", about}, {"typed", Hex(bytes)}};
    row["pin"] = made.ok() ? Json(Hex(made->view())) : Json(nullptr);
    rows.push_back(std::move(row));
  }
  return rows;
}

// What stands in core/methods.h.
Json MethodValues() {
  using recovery::client::core::Repeat;
  const auto named = [](Repeat repeat) {
    switch (repeat) {
      case Repeat::kSignedAgain:
        return "signed";
      case Repeat::kSafe:
        return "safe";
      case Repeat::kSafeAndDear:
        return "dear";
      default:
        return "never";
    }
  };
  Json rows = Json::array();
  for (const auto& method : recovery::client::core::kMethods) {
    rows.push_back({{"name", std::string(method.name)},
                    {"repeat", named(method.repeat)},
                    {"token", method.needs_token},
                    {"of_proof", method.is_of_proof}});
  }
  return {{"call_attempts", recovery::client::core::Limits().attempts},
          {"signed_attempts", recovery::client::core::kSignedAttempts},
          {"first_pause_ms", recovery::client::core::kFirstPauseMs},
          {"longest_pause_ms", recovery::client::core::kLongestPauseMs},
          {"methods", std::move(rows)}};
}

namespace {

Json ConnectRow(int http_status, const std::string& body) {
  const lrc_bytes lent = {reinterpret_cast<const uint8_t*>(body.data()), body.size()};
  return {{"http_status", http_status},
          {"body", body},
          {"code", static_cast<int>(lrc_connect_code(http_status, lent))}};
}

Json GrpcRow(int http_status, const char* grpc_status) {
  return {{"http_status", http_status},
          {"grpc_status", grpc_status == nullptr ? Json(nullptr) : Json(grpc_status)},
          {"code", static_cast<int>(lrc_grpc_code(http_status, grpc_status))}};
}

}  // namespace

Json CodeValues() {
  constexpr const char* kNames[] = {
      "canceled",       "unknown",           "invalid_argument",   "deadline_exceeded",   "not_found",
      "already_exists", "permission_denied", "resource_exhausted", "failed_precondition", "aborted",
      "out_of_range",   "unimplemented",     "internal",           "unavailable",         "data_loss",
      "unauthenticated"};
  constexpr int kStatuses[] = {200, 204, 302, 400, 401, 403, 404, 408, 413,
                               429, 431, 499, 500, 502, 503, 504, 599};
  Json connect = Json::array(), grpc = Json::array();
  for (const char* name : kNames) {
    connect.push_back(ConnectRow(500, absl::StrCat(R"({"code":")", name, R"(","message":"said"})")));
  }
  for (const char* body :
       {R"({"code":"ok"})", R"({"code":"CANCELED"})", R"({"code":14})", R"({"message":"said"})",
        R"(["unavailable"])", R"("unavailable")", "unavailable", "{", ""}) {
    connect.push_back(ConnectRow(404, body));
  }
  for (const int status : kStatuses) {
    connect.push_back(ConnectRow(status, status == 200 ? "" : "<html>"));
    grpc.push_back(GrpcRow(status, nullptr));
  }
  for (int code = 0; code <= 17; ++code) grpc.push_back(GrpcRow(200, absl::StrCat(code).c_str()));
  for (const char* text : {"", "-1", "007", "1e1", " 5", "99", "0x5", "OK"})
    grpc.push_back(GrpcRow(200, text));
  grpc.push_back(GrpcRow(503, "5"));
  return {{"connect", std::move(connect)}, {"grpc", std::move(grpc)}};
}

}  // namespace labrec::conformance
