#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "pin/padding.h"
#include "tests/support/checkout_paths.h"
#include "tests/vectors/conformance/example.h"

// The worked example of docs/protocol.md, computed again. When it is right to differ, the test's output is
// what belongs into the document.
namespace labrec::recovery::client {
namespace {

using conformance::Example;

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
