#include "pin/pin_text.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "hsm/base/encoding.h"
#include "tests/support/checkout_paths.h"

namespace labrec::pin {
namespace {

std::string PinOf(const std::string& typed) {
  const auto pin = NormalizePin(*FromHex(typed == "-" ? "" : typed));
  if (pin.ok()) return Hex(pin->view());
  EXPECT_TRUE(absl::IsInvalidArgument(pin.status()));
  return "refused";
}

// Lines that do not fit; how many there are in all.
size_t Check(const std::string& file) {
  std::ifstream lines(file);
  size_t count = 0, wrong = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream words(line);
    std::string typed, pin;
    words >> typed >> pin;
    ++count;
    if (PinOf(typed) == pin) continue;
    if (++wrong <= 20) ADD_FAILURE() << line << ": " << PinOf(typed);
  }
  EXPECT_EQ(wrong, 0U);
  return count;
}

TEST(PinText, IsWhatPythonMakesOfIt) {
  EXPECT_EQ(Check(LABREC_SOURCE_DIR "/tests/vectors/pin_text.txt"), 56U);
}

// The output of tests/vectors/pin_text.py --all.
TEST(PinText, EveryTellingCharacterIsWhatPythonMakesOfIt) {
  const std::string file = std::string(::testing::TempDir()) + "/pin_text.all." + std::to_string(getpid());
  const std::string command = "python3 " LABREC_SOURCE_DIR "/tests/vectors/pin_text.py --all > " + file;
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_GT(Check(file), 10'000U);
  std::remove(file.c_str());
}

// What is refused is said by its kind, and never shown.
TEST(PinText, ARefusalDoesNotShowThePin) {
  for (const std::string typed : {"secret\x1b", "secret\xff", "secret\xef\xbb\xbf"}) {
    const auto pin = NormalizePin(AsBytes(typed));
    EXPECT_EQ(std::string(pin.status().message()).find("secret"), std::string::npos);
    EXPECT_NE(std::string(pin.status().message()).find("no try was spent"), std::string::npos);
  }
}

}  // namespace
}  // namespace labrec::pin
