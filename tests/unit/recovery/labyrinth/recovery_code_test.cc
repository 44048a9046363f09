#include "recovery/labyrinth/code/recovery_code.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "hsm/base/hash.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/code/code_correction.h"
#include "recovery/labyrinth/code/gf32.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr std::string_view kAlphabet = "ACDEFHJKLMNPQRSTUVWXYZ0123456789";
const AccountName kAlice = {"example", "alice"};

std::string TextOf(const RecoveryCode& code) {
  return ToString(code.text().view());
}

std::string WithWrong(std::string text, std::initializer_list<size_t> positions) {
  for (size_t position : positions) {
    const size_t symbol = kAlphabet.find(text[position]);
    text[position] =
        kAlphabet[(symbol + 1 + position) % 32 == symbol ? (symbol + 5) % 32 : (symbol + 1 + position) % 32];
  }
  return text;
}

TEST(Gf32, IsAField) {
  for (uint8_t a = 0; a < 32; ++a) {
    EXPECT_EQ(Gf32Times(a, 1), a);
    EXPECT_EQ(Gf32Times(a, Gf32Inverse(a)), a == 0 ? 0 : 1);
    for (uint8_t b = 0; b < 32; ++b) {
      EXPECT_EQ(Gf32Times(a, b), Gf32Times(b, a));
      EXPECT_EQ(Gf32Times(a, b ^ 21), Gf32Times(a, b) ^ Gf32Times(a, 21));
    }
  }
  EXPECT_EQ(Gf32Times(16, 2), 5);  // x^5 = x^2 + 1
}

// A product of three distinct columns with coefficients is never zero: no line meets the quadric in three
// points.
TEST(CodeCorrection, AnyThreeColumnsAreIndependent) {
  for (size_t i = 0; i < kCodeLength; ++i) {
    for (size_t j = i + 1; j < kCodeLength; ++j) {
      for (size_t k = j + 1; k < kCodeLength; ++k) {
        for (uint8_t b = 0; b < 32; ++b) {
          for (uint8_t a = b == 0 ? 1 : 0; a < 32; ++a) {
            bool zero = true;
            for (size_t row = 0; row < 4; ++row) {
              zero = zero &&
                     (Gf32Times(a, ColumnOf(i)[row]) ^ Gf32Times(b, ColumnOf(j)[row])) == ColumnOf(k)[row];
            }
            ASSERT_FALSE(zero) << i << " " << j << " " << k;
          }
        }
      }
    }
  }
}

TEST(RecoveryCode, HasFormAndEntropy) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const RecoveryCode code = RecoveryCode::Generate(RecoveryCode::kForPin);
    const std::string text = TextOf(code);
    ASSERT_EQ(text.size(), 40U);
    EXPECT_EQ(text.substr(0, 2), "1P");
    EXPECT_EQ(text.find_first_not_of(kAlphabet), std::string::npos);
    EXPECT_TRUE(seen.insert(text).second);
    const auto parsed = RecoveryCode::Parse(AsBytes(text));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(TextOf(*parsed), text);
  }
}

TEST(RecoveryCode, TakesWhatPeopleType) {
  // All four lookalikes: find a code that contains 8, C, 1 and 0.
  std::string text;
  do {
    text = TextOf(RecoveryCode::Generate('W'));
  } while (text.find('8') == std::string::npos || text.find('C') == std::string::npos ||
           text.find('0') == std::string::npos);
  std::string typed;
  for (char character : text) {
    const size_t at = std::string_view("8C10").find(character);
    typed += at == std::string_view::npos ? static_cast<char>(std::tolower(character)) : "bGiO"[at];
    typed += typed.size() % 7 == 0 ? "-" : typed.size() % 5 == 0 ? " " : "";
  }
  const auto parsed = RecoveryCode::Parse(AsBytes(typed));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(TextOf(*parsed), text);
  EXPECT_EQ(TextOf(*RecoveryCode::Parse(parsed->Grouped().view())), text);
  EXPECT_EQ(parsed->Grouped().size(), 47U);
}

TEST(RecoveryCode, RefusesWhatIsNoCode) {
  const std::string text = TextOf(RecoveryCode::Generate('P'));
  for (const std::string& wrong : {text.substr(1), text + "A", std::string(), text.substr(0, 39) + "!",
                                   text.substr(0, 39) + std::string(1, '\0'), std::string(100000, 'A')}) {
    const auto parsed = RecoveryCode::Parse(AsBytes(wrong));
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(parsed.status()), Reason::kMalformed) << parsed.status();
    EXPECT_EQ(ReasonOf(RecoveryCode::Mend(AsBytes(wrong), kAlice, {}).status()), Reason::kMalformed);
  }
}

class Mending : public ::testing::Test {
 protected:
  void ExpectMended(const std::string& typed, size_t corrected) {
    const auto mended = RecoveryCode::Mend(AsBytes(typed), kAlice, known_);
    ASSERT_TRUE(mended.ok()) << mended.status() << typed;
    EXPECT_EQ(TextOf(mended->code), text_);
    EXPECT_EQ(mended->corrected, corrected);
    EXPECT_EQ(mended->secrets.id, secrets_.id);
    EXPECT_TRUE(mended->secrets.key.Equals(secrets_.key.view()));
  }

  const RecoveryCode code_ = RecoveryCode::Generate('P');
  const std::string text_ = TextOf(code_);
  const VirtualDeviceSecrets secrets_ = code_.Derive(kAlice);
  const std::vector<MemberId> known_ = {RandomId(), secrets_.id, RandomId()};
};

TEST_F(Mending, NothingWrong) {
  ExpectMended(text_, 0);
}

TEST_F(Mending, OneWrongCharacterAnywhere) {
  for (size_t i = 0; i < 40; ++i) ExpectMended(WithWrong(text_, {i}), 1);
}

TEST_F(Mending, TwoWrongCharactersAnywhere) {
  for (size_t i = 0; i < 40; i += 3) {
    for (size_t j = i + 1; j < 40; j += 5) ExpectMended(WithWrong(text_, {i, j}), 2);
  }
}

TEST_F(Mending, ThreeWrongCharactersAnywhere) {
  for (size_t i = 0; i < 38; i += 5) {
    ExpectMended(WithWrong(text_, {i, i + 1, i + 2}), 3);
    ExpectMended(WithWrong(text_, {0, i + 1, 39}), 3);
    if (i > 1) ExpectMended(WithWrong(text_, {0, 1, i}), 3);
  }
}

TEST_F(Mending, NeighboursSwapped) {
  for (size_t i = 2; i + 1 < 40; ++i) {
    std::string swapped = text_;
    std::swap(swapped[i], swapped[i + 1]);
    ExpectMended(swapped, swapped == text_ ? 0 : 2);
  }
}

TEST_F(Mending, FourWrongCharactersAreTooMany) {
  const auto mended = RecoveryCode::Mend(AsBytes(WithWrong(text_, {3, 11, 20, 35})), kAlice, known_);
  EXPECT_EQ(mended.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(mended.status()), Reason::kUnknownCode);
}

TEST_F(Mending, ParseAloneRefusesWrongCharacters) {
  for (size_t i = 1; i < 40; ++i) {
    EXPECT_EQ(ReasonOf(RecoveryCode::Parse(AsBytes(WithWrong(text_, {i}))).status()), Reason::kUnknownCode);
  }
}

TEST_F(Mending, AnotherAccountIsAnotherVirtualDevice) {
  for (const AccountName& other :
       {AccountName{"example", "bob"}, AccountName{"other", "alice"}, AccountName{"examplea", "lice"}}) {
    EXPECT_NE(code_.Derive(other).id, secrets_.id);
    EXPECT_FALSE(code_.Derive(other).key.Equals(secrets_.key.view()));
    EXPECT_EQ(ReasonOf(RecoveryCode::Mend(AsBytes(text_), other, known_).status()), Reason::kUnknownCode);
  }
}

TEST_F(Mending, VersionAndIdentifierAreBound) {
  // A right code with another identifier is another code altogether.
  std::string other = text_;
  other[1] = 'W';
  std::array<uint8_t, kCodeLength> symbols;
  for (size_t i = 0; i < kCodeLength; ++i) symbols[i] = static_cast<uint8_t>(kAlphabet.find(other[i]));
  FillCheckSymbols(symbols);
  for (size_t i = 36; i < kCodeLength; ++i) other[i] = kAlphabet[symbols[i]];
  const auto parsed = RecoveryCode::Parse(AsBytes(other));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_NE(parsed->Derive(kAlice).id, secrets_.id);
}

TEST_F(Mending, WrongVersionIsRefused) {
  std::string newer = text_;
  newer[0] = '2';
  std::array<uint8_t, kCodeLength> symbols;
  for (size_t i = 0; i < kCodeLength; ++i) symbols[i] = static_cast<uint8_t>(kAlphabet.find(newer[i]));
  FillCheckSymbols(symbols);
  for (size_t i = 36; i < kCodeLength; ++i) newer[i] = kAlphabet[symbols[i]];
  EXPECT_EQ(ReasonOf(RecoveryCode::Parse(AsBytes(newer)).status()), Reason::kWrongVersion);
  EXPECT_EQ(ReasonOf(RecoveryCode::Mend(AsBytes(newer), kAlice, {}).status()), Reason::kWrongVersion);
  // Even where the store knows a virtual device that fits.
  Writer info = Bound(kLabelVirtualDevice, kAlice);
  info.Raw(newer.substr(0, 2));
  const SecretBytes derived = Hkdf(AsBytes(newer).subspan(2, 34), {}, info.bytes(), 48);
  const std::vector<MemberId> fitting = {*ParseId(derived.view().first(16))};
  EXPECT_EQ(ReasonOf(RecoveryCode::Mend(AsBytes(newer), kAlice, fitting).status()), Reason::kWrongVersion);
}

// The list of candidates is short, and every one of them is a code word near the typed one.
TEST(CodeCorrection, CandidatesAreFewAndNear) {
  for (int round = 0; round < 20; ++round) {
    const SecretBytes random = SecretBytes::Random(kCodeLength);
    std::array<uint8_t, kCodeLength> word{};
    for (size_t i = 0; i < kCodeLength; ++i) word[i] = random.data()[i] & 31;
    const auto original = word;
    size_t count = 0;
    size_t corrected = 9;
    const auto look = [&](CodeWord candidate) {
      EXPECT_TRUE(IsCodeWord(candidate));
      size_t distance = 0;
      for (size_t i = 0; i < kCodeLength; ++i) distance += candidate[i] != original[i];
      EXPECT_LE(distance, kMostMended);
      ++count;
      return false;
    };
    EXPECT_FALSE(MendCodeWord(word, look, &corrected));
    EXPECT_EQ(word, original);
    EXPECT_GT(count, 100U);
    EXPECT_LT(count, 2000U);
  }
}

}  // namespace
}  // namespace labrec::recovery::labyrinth
