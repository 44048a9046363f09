#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "pin/commitment.h"
#include "pin/oprf.h"
#include "pin/padding.h"
#include "pin/pin_input.h"
#include "pin/secret_sharing.h"
#include "pin/share_mask.h"
#include "pin/stretch.h"
#include "recovery/api/record_config.h"
#include "recovery/api/request_bytes.h"
#include "tests/support/checkout_paths.h"

// The worked example of docs/protocol.md, computed again. When it is right to differ, the test's output is
// what belongs into the document.
namespace labrec::recovery::client {
namespace {

constexpr char kBegin[] = "<!-- worked example: begin -->\n```\n";
constexpr char kEnd[] = "```\n<!-- worked example: end -->";

using Lines = std::map<std::string, std::string>;

std::string DocumentedExample() {
  std::ifstream file(LABREC_SOURCE_DIR "/docs/protocol.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string document = text.str();
  const size_t begin = document.find(kBegin);
  const size_t end = document.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos) return "";
  const size_t start = begin + sizeof(kBegin) - 1;
  return document.substr(start, end - start);
}

// "name = value" lines; a value goes on in lines that begin with a blank.
Lines Parse(const std::string& example) {
  Lines lines;
  std::istringstream stream(example);
  std::string name;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t equals = line.find(" = ");
    if (line[0] == ' ') {
      lines[name] += line.substr(line.find_first_not_of(' '));
    } else if (equals != std::string::npos) {
      name = line.substr(0, equals);
      lines[name] = line.substr(equals + 3);
    }
  }
  return lines;
}

Bytes Counting(uint8_t first, size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(first + i);
  return bytes;
}

// Everything that can be computed twice alike. Fixed inputs stand for what a client draws at random.
class Example {
 public:
  Example() {
    Put("tenant", kTenant);
    Put("account", kAccount);
    Put("record", kRecord);
    Put("pin", "493817");
    Hexed("salt", salt_);
    stretched_ = pin::Stretch(SecretBytes::CopyOf(AsBytes("493817")), salt_, {}).value();
    Hexed("stretched", stretched_.view());
    input_ = pin::OprfInput(kTenant, kAccount, kRecord, kVersion, stretched_);
    Hexed("input", input_.view());
    MakeShares();
    for (size_t i = 0; i < 3; ++i) EvaluateAt(i);
    MakeConfig();
    MakeKeys();
    MakeRequests();
  }

  const std::vector<std::pair<std::string, std::string>>& lines() const { return lines_; }
  const EcdsaPublicKey& unlock_key() const { return *unlock_key_; }
  const SecretBytes& encryption_key() const { return encryption_key_; }
  const Digest& digest() const { return digest_; }
  const Bytes& unlock_bytes() const { return unlock_bytes_; }

 private:
  static constexpr char kTenant[] = "chat.example";
  static constexpr char kAccount[] = "alice";
  static constexpr char kRecord[] = "default";
  static constexpr uint32_t kVersion = 1;

  void Put(const std::string& name, const std::string& value) { lines_.emplace_back(name, value); }
  void Hexed(const std::string& name, ByteView bytes) { Put(name, Hex(bytes)); }
  static std::string Of(const char* name, size_t realm) {
    return name + std::string("_") + std::to_string(realm + 1);
  }
  static Bytes RealmId(size_t realm) { return Bytes(16, static_cast<uint8_t>(0x11 * (realm + 1))); }
  RequestScope Scope() const { return {realm_id_1_, kTenant, kAccount}; }

  void MakeShares() {
    std::vector<pin::Share> two;
    two.push_back({1, SecretBytes::CopyOf(Counting(0x20, 32))});
    two.push_back({2, SecretBytes::CopyOf(Counting(0x60, 32))});
    s_ = pin::Combine(two).value();
    Hexed("s", s_.view());
    shares_.push_back(two[0].bytes.Clone());
    shares_.push_back(two[1].bytes.Clone());
    shares_.push_back(pin::Interpolate(two, 3).value());
    for (size_t i = 0; i < 3; ++i) Hexed(Of("share", i), shares_[i].view());
  }

  void EvaluateAt(size_t i) {
    const auto seed = static_cast<uint8_t>(i + 1);
    const P256Scalar key = P256Scalar::Parse(Bytes(32, seed)).value();
    const P256Scalar blind = P256Scalar::Parse(Bytes(32, static_cast<uint8_t>(0x40 + seed))).value();
    const pin::Blinded blinded = pin::BlindWith(input_, blind.Clone()).value();
    const P256Point evaluated = blinded.element.Times(key);
    const SecretBytes rho = pin::Finalize(input_, blind, evaluated).value();
    const SecretBytes mask = pin::ShareMask(rho, RealmId(i), kVersion);
    masked_.push_back(pin::MaskShare(shares_[i], mask));
    Hexed(Of("realm_id", i), RealmId(i));
    Hexed(Of("realm_key", i), key.SecretBytesView());
    Hexed(Of("blind", i), blind.SecretBytesView());
    Hexed(Of("element", i), blinded.element.Compressed());
    Hexed(Of("evaluated", i), evaluated.Compressed());
    Hexed(Of("rho", i), rho.view());
    Hexed(Of("mask", i), mask.view());
    Hexed(Of("masked_share", i), masked_[i]);
  }

  void MakeConfig() {
    RecordConfig config;
    config.name = {kTenant, kAccount, kRecord};
    config.version = kVersion;
    config.threshold = 2;
    for (size_t i = 0; i < 3; ++i) {
      config.realms.push_back({RealmId(i), static_cast<uint32_t>(i) + 1, masked_[i], std::nullopt});
    }
    config.salt = salt_;
    config.guess_limit = 10;
    config_ = Encode(config);
    EXPECT_TRUE(ParseRecordConfig(config_, config.name, kVersion).ok());
    digest_ = Sha256(config_);
    Hexed("config", config_);
    Hexed("config_sha256", digest_);
  }

  void MakeKeys() {
    Hexed("commitment", pin::Commit(s_, digest_));
    encryption_key_ = pin::EncryptionKey(s_, digest_);
    Hexed("k_enc", encryption_key_.view());
    for (size_t i = 0; i < 3; ++i) {
      const EcdsaPrivateKey key = pin::UnlockKey(s_, RealmId(i), kVersion);
      Hexed(Of("unlock_private_key", i), key.SecretScalar().SecretBytesView());
      Hexed(Of("unlock_public_key", i), key.public_key().Spki());
      if (i == 0) unlock_key_ = key.public_key();
    }
  }

  void MakeRequests() {
    const Bytes challenge = Counting(0xA0, 32);
    Hexed("challenge", challenge);
    unlock_bytes_ = UnlockBytes(Scope(), kRecord, kVersion, challenge);
    Hexed("unlock_bytes_1", unlock_bytes_);
    const Bytes body = ActivateBody(kRecord, kVersion);
    Hexed("activate_body", body);
    Hexed("activate_bytes_1", RequestBytes(Scope(), Operation::kActivate, challenge, body));
  }

  std::vector<std::pair<std::string, std::string>> lines_;
  const Bytes salt_ = Counting(0, 16);
  const Bytes realm_id_1_ = RealmId(0);
  SecretBytes stretched_, input_, s_, encryption_key_;
  std::vector<SecretBytes> shares_;
  std::vector<Bytes> masked_;
  Bytes config_, unlock_bytes_;
  Digest digest_{};
  std::optional<EcdsaPublicKey> unlock_key_;
};

std::string Wrapped(const std::string& name, const std::string& value) {
  constexpr size_t kWidth = 96;
  std::string text = name + " = " + value.substr(0, kWidth) + "\n";
  for (size_t at = kWidth; at < value.size(); at += kWidth) text += "    " + value.substr(at, kWidth) + "\n";
  return text;
}

TEST(ProtocolExample, IsWhatTheCodeComputes) {
  const Example example;
  const Lines documented = Parse(DocumentedExample());
  std::string right;
  bool same = true;
  for (const auto& [name, value] : example.lines()) {
    right += Wrapped(name, value);
    const auto line = documented.find(name);
    same &= line != documented.end() && line->second == value;
  }
  EXPECT_EQ(documented.size(), example.lines().size() + 3) << "lines in the document";
  EXPECT_TRUE(same) << "docs/protocol.md should have:\n" << right;
}

// What random bytes go into is checked the other way round: it opens, and it verifies.
TEST(ProtocolExample, SealedSecretOpensAndSignatureVerifies) {
  const Example example;
  const Lines documented = Parse(DocumentedExample());
  ASSERT_TRUE(documented.contains("sealed_secret") && documented.contains("unlock_signature_1"));
  const auto padded = AeadOpen(example.encryption_key().view(),
                               FromHex(documented.at("sealed_secret")).value(), example.digest());
  ASSERT_TRUE(padded.ok()) << padded.status();
  EXPECT_EQ(Hex(pin::Unpad(*padded).value().view()), documented.at("secret"));
  EXPECT_TRUE(example.unlock_key().Verify(example.unlock_bytes(),
                                          FromHex(documented.at("unlock_signature_1")).value()));
}

}  // namespace
}  // namespace labrec::recovery::client
