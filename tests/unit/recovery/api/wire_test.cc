// The messages without protobuf against protobuf's own: what one writes the other reads, and no bytes are
// read in two ways.

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "tests/unit/recovery/api/wire_pairs.h"

namespace labrec::recovery::test {
namespace {

namespace v1 = ::labyrinth::recovery::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Fills generated messages with values that are telling: borders of the encoding, defaults, empty and long.
class Filler {
 public:
  explicit Filler(uint32_t seed) : random_(seed) {}

  void Fill(Message& message) {
    const auto& descriptor = *message.GetDescriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor* field = descriptor.field(i);
      const int times = field->is_repeated() ? Dice(4) : Dice(3) > 0;
      for (int n = 0; n < times; ++n) FillField(message, field);
    }
  }
  int Dice(int sides) { return static_cast<int>(random_() % static_cast<uint32_t>(sides)); }
  uint64_t Number() {
    constexpr uint64_t kBorders[] = {0, 1, 127, 128, 16383, 16384, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    if (Dice(2) > 0) return kBorders[Dice(9)];
    return (uint64_t{random_()} << 32U | random_()) >> Dice(64);
  }

 private:
  std::string Text(bool utf8) {
    std::string text;
    const int size = Dice(8) == 0 ? 300 : Dice(5);
    for (int i = 0; i < size; ++i) text += utf8 ? "\xC3\xA9" : std::string(1, static_cast<char>(Dice(256)));
    return text;
  }

  void FillField(Message& message, const FieldDescriptor* field) {
    const auto& r = *message.GetReflection();
    const bool many = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Fill(many ? *r.AddMessage(&message, field) : *r.MutableMessage(&message, field));
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string text = Text(field->type() == FieldDescriptor::TYPE_STRING);
        return many ? r.AddString(&message, field, std::move(text))
                    : r.SetString(&message, field, std::move(text));
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        const auto number = static_cast<uint32_t>(Number());
        return many ? r.AddUInt32(&message, field, number) : r.SetUInt32(&message, field, number);
      }
      case FieldDescriptor::CPPTYPE_UINT64:
        return r.SetUInt64(&message, field, Number());
      case FieldDescriptor::CPPTYPE_INT64:
        return r.SetInt64(&message, field, static_cast<int64_t>(Number()));
      case FieldDescriptor::CPPTYPE_ENUM:
        return r.SetEnumValue(&message, field, static_cast<int>(Number()));
      case FieldDescriptor::CPPTYPE_BOOL:
        return r.SetBool(&message, field, Dice(2) > 0);
      default:
        FAIL() << "a kind of field that the codec does not know: " << field->full_name();
    }
  }

  std::minstd_rand random_;
};

template <typename M, typename P>
void Compare(const char* name, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    Filler filler(static_cast<uint32_t>(round) * 7919 + 1);
    P message;
    filler.Fill(message);
    const Bytes bytes = KnownBytes(message);
    ASSERT_EQ((Difference<M, P>(bytes)), "") << name << " " << Hex(bytes);
    ASSERT_EQ(wire::Encode(*wire::Decode<M>(bytes)), bytes) << name;
    // The wire as it may also come: bits flipped, cut, twice, and with another message behind.
    for (int i = 0; i < 12; ++i) {
      Bytes other = bytes;
      P more;
      filler.Fill(more);
      const Bytes tail = KnownBytes(more);
      if (filler.Dice(2) > 0) other.insert(other.end(), tail.begin(), tail.end());
      if (!other.empty() && filler.Dice(3) > 0) {
        other[static_cast<size_t>(filler.Dice(static_cast<int>(other.size())))] ^=
            static_cast<uint8_t>(1U << filler.Dice(8));
      }
      if (!other.empty() && filler.Dice(3) == 0) {
        other.resize(static_cast<size_t>(filler.Dice(static_cast<int>(other.size()))));
      }
      ASSERT_EQ((Difference<M, P>(other)), "") << name << " " << Hex(other);
    }
  }
}

TEST(Wire, EveryMessageIsReadAndWrittenAsProtobufDoes) {
#define LABREC_COMPARE(name) Compare<wire::name, v1::name>(#name, 300);
  LABREC_EACH_MESSAGE(LABREC_COMPARE)
#undef LABREC_COMPARE
}

TEST(Wire, NoMessageOfTheClientsApiIsLeftOut) {
  std::set<std::string> here;
#define LABREC_NAME(name) here.insert(#name);
  LABREC_EACH_MESSAGE(LABREC_NAME)
#undef LABREC_NAME
  const auto& file = *v1::GetRealmRequest::descriptor()->file();
  for (int i = 0; i < file.message_type_count(); ++i) {
    EXPECT_TRUE(here.contains(file.message_type(i)->name())) << file.message_type(i)->name();
  }
}

TEST(Wire, FormsThatNobodyWritesAreReadAsProtobufDoes) {
  const char* const kForms[] = {
      "",              // nothing
      "0a0161",        // record
      "0a0161100112",  // cut in a tag
      "8a00",
      "8a8000000161",
      "8a808080000161",
      "8a8080808000",
      "8a80808080800061",          // long tags
      "108180808080808080800010",  // a long number, and a cut
      "10ffffffffffffffffff01",
      "10ffffffffffffffffff7f",
      "10ffffffffffffffffffff01",
      "0a8180808000",
      "0a818080800061",
      "0a8180808008",
      "0aff808080ff0161",  // long lengths
      "0001",
      "0200",
      "07",
      "06",
      "0e00",
      "0f00",  // number 0; types 6 and 7
      "0b0c",
      "1b1c",
      "0b",
      "0c",
      "1b100110021c",  // groups
      "0d00000000",
      "0900000000000000",
      "0d000000",
      "09000000",  // fixed, where a text belongs
      "0801",
      "1200",
      "1a00",
      "1a03080112",
      "f8ffffff0f01",
      "faffffff0f0161",
      "faffffff7f0161",
      "0a02c3a9",
      "0a02c080",
      "0a03eda080",
      "0a04f4908080",
      "0a04f48fbfbf",
      "0a03efbfbf",
      "0a01ff",  // UTF-8
  };
  for (const char* hex : kForms) {
    const Bytes bytes = *FromHex(hex);
    EXPECT_EQ((Difference<wire::EvaluateRequest, v1::EvaluateRequest>(bytes)), "") << hex;
    EXPECT_EQ((Difference<wire::ActivateRequest, v1::ActivateRequest>(bytes)), "") << hex;
    EXPECT_EQ((Difference<wire::GetRecordResponse, v1::GetRecordResponse>(bytes)), "") << hex;
    EXPECT_EQ((Difference<wire::EvaluateResponse, v1::EvaluateResponse>(bytes)), "") << hex;
  }
}

TEST(Wire, ListsOfNumbersMayBePackedOrNot) {
  for (const char* hex : {"7a03010203", "78017802", "7a017801", "7a0180", "7a00", "7a028001", "7d00000000"}) {
    EXPECT_EQ((Difference<wire::GetRealmResponse, v1::GetRealmResponse>(*FromHex(hex))), "") << hex;
  }
}

TEST(Wire, AnOutcomeThatComesTwiceIsMergedAndAnotherReplacesIt) {
  for (const char* hex :
       {"0a0210050a0210060a030a0161", "0a02100512021001", "1a000a021005", "0a0210051a00", "0801"}) {
    EXPECT_EQ((Difference<wire::EvaluateResponse, v1::EvaluateResponse>(*FromHex(hex))), "") << hex;
  }
}

}  // namespace
}  // namespace labrec::recovery::test
