// pin/ as a program, for implementations in other languages to be held against: each line of standard input
// is a command and its arguments, each line of standard output the answer. Byte strings are hexadecimal ("-"
// if empty), names are text, numbers decimal. A line that cannot be answered is answered "error: ...". For
// tests only: it prints secrets.
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "hsm/base/encoding.h"
#include "pin/oprf/expand_message.h"
#include "pin/oprf/hash_to_curve.h"
#include "pin/oprf/oprf.h"
#include "pin/pin_input.h"
#include "pin/record_keys.h"
#include "pin/sharing/commitment.h"
#include "pin/sharing/secret_sharing.h"
#include "pin/sharing/share_mask.h"
#include "pin/stretch.h"

namespace labrec::pin {
namespace {

// The words after the command. Every reader throws what becomes the line's error.
class Arguments {
 public:
  explicit Arguments(std::vector<std::string> words) : words_(std::move(words)) {}

  size_t size() const { return words_.size(); }
  const std::string& Text(size_t i) const { return words_.at(i); }
  uint32_t Number(size_t i) const { return static_cast<uint32_t>(std::stoul(words_.at(i))); }
  Bytes Octets(size_t i) const { return words_.at(i) == "-" ? Bytes() : Checked(FromHex(words_.at(i))); }
  SecretBytes Secret(size_t i) const { return SecretBytes::CopyOf(Octets(i)); }
  P256Scalar Scalar(size_t i) const { return Checked(P256Scalar::Parse(Octets(i))); }
  P256Point Point(size_t i) const { return Checked(P256Point::Parse(Octets(i))); }

  template <typename T>
  static T Checked(absl::StatusOr<T> value) {
    if (!value.ok()) throw std::runtime_error(std::string(value.status().message()));
    return *std::move(value);
  }

 private:
  std::vector<std::string> words_;
};

std::string Answer(const SecretBytes& bytes) {
  return Hex(bytes.view());
}
std::string Answer(const P256Scalar& scalar) {
  return Hex(scalar.SecretBytesView());
}
std::string Answer(const P256Point& point) {
  return Hex(point.Compressed());
}

std::string AnswerSplit(const Arguments& a) {
  std::string line;
  for (const Share& share : Arguments::Checked(Split(a.Secret(0), a.Number(1), a.Number(2)))) {
    line += std::to_string(share.x) + " " + Hex(share.bytes.view()) + " ";
  }
  return line;
}

std::string AnswerCombine(const Arguments& a) {
  std::vector<Share> shares;
  for (size_t i = 0; i < a.size(); i += 2) shares.push_back({a.Number(i), a.Secret(i + 1)});
  return Answer(Arguments::Checked(Combine(shares)));
}

Digest DigestOf(const Bytes& bytes) {
  Digest digest;
  if (bytes.size() != digest.size()) throw std::runtime_error("a digest has 32 bytes");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

using Command = std::function<std::string(const Arguments&)>;

using Commands = std::map<std::string, Command>;

Commands OprfCommands() {
  return {
      // message dst length
      {"expand",
       [](const Arguments& a) { return Answer(ExpandMessageXmd(a.Octets(0), a.Octets(1), a.Number(2))); }},
      // message dst
      {"hash_to_curve",
       [](const Arguments& a) { return Answer(HashToCurve(a.Octets(0), a.Octets(1)).value()); }},
      // message
      {"hash_to_scalar", [](const Arguments& a) { return Answer(OprfHashToScalar(a.Octets(0))); }},
      // input blind -> element
      {"blind",
       [](const Arguments& a) {
         return Answer(Arguments::Checked(BlindWith(a.Secret(0), a.Scalar(1))).element);
       }},
      // input -> blind element
      {"blind_randomly",
       [](const Arguments& a) {
         const Blinded blinded = Arguments::Checked(Blind(a.Secret(0)));
         return Answer(blinded.blind) + " " + Answer(blinded.element);
       }},
      // element key
      {"evaluate", [](const Arguments& a) { return Answer(a.Point(0).Times(a.Scalar(1))); }},
      // input blind evaluated
      {"finalize",
       [](const Arguments& a) {
         return Answer(Arguments::Checked(Finalize(a.Secret(0), a.Scalar(1), a.Point(2))));
       }},
  };
}

Commands RecordCommands() {
  return {
      // pin salt memory_kib passes lanes
      {"stretch",
       [](const Arguments& a) {
         return Answer(
             Arguments::Checked(Stretch(a.Secret(0), a.Octets(1), {a.Number(2), a.Number(3), a.Number(4)})));
       }},
      // tenant account record version stretched
      {"pin_input",
       [](const Arguments& a) {
         return Answer(OprfInput(a.Text(0), a.Text(1), a.Text(2), a.Number(3), a.Secret(4)));
       }},
      // realm_id tenant account record version nonce
      {"record_input",
       [](const Arguments& a) {
         return Hex(
             RecordDerivationInput(a.Octets(0), a.Text(1), a.Text(2), a.Text(3), a.Number(4), a.Octets(5)));
       }},
      // d
      {"record_tweak", [](const Arguments& a) { return Answer(RecordTweak(a.Secret(0))); }},
      {"seal_key", [](const Arguments& a) { return Answer(SealKey(a.Secret(0))); }},
  };
}

Commands SecretCommands() {
  return {
      // rho realm_id version
      {"share_mask",
       [](const Arguments& a) { return Answer(ShareMask(a.Secret(0), a.Octets(1), a.Number(2))); }},
      // s config_digest
      {"commit", [](const Arguments& a) { return Hex(Commit(a.Secret(0), DigestOf(a.Octets(1)))); }},
      {"encryption_key",
       [](const Arguments& a) { return Answer(EncryptionKey(a.Secret(0), DigestOf(a.Octets(1)))); }},
      // s realm_id version -> private scalar
      {"unlock_key",
       [](const Arguments& a) {
         return Answer(UnlockKey(a.Secret(0), a.Octets(1), a.Number(2)).SecretScalar());
       }},
      // s realm_id version message -> r || s
      {"unlock_sign",
       [](const Arguments& a) {
         return Hex(UnlockKey(a.Secret(0), a.Octets(1), a.Number(2)).Sign(a.Octets(3)));
       }},
      // secret threshold count -> x share x share ...
      {"split", AnswerSplit},
      // x share x share ...
      {"combine", AnswerCombine},
  };
}

const Commands& AllCommands() {
  static const Commands all = [] {
    Commands commands = OprfCommands();
    commands.merge(RecordCommands());
    commands.merge(SecretCommands());
    return commands;
  }();
  return all;
}

std::string AnswerLine(const std::string& line) {
  std::istringstream stream(line);
  std::string command;
  stream >> command;
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  const auto found = AllCommands().find(command);
  if (found == AllCommands().end()) return "error: no command " + command;
  try {
    return found->second(Arguments(std::move(words)));
  } catch (const std::exception& problem) {
    return std::string("error: ") + problem.what();
  }
}

}  // namespace
}  // namespace labrec::pin

int main() {
  for (std::string line; std::getline(std::cin, line);)
    std::cout << labrec::pin::AnswerLine(line) << std::endl;
}
