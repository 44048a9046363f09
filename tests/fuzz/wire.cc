// Messages as a realm sends them: the codec without protobuf reads and writes the same as protobuf's own. The
// first byte says which message.

#include <cstdlib>

#include "tests/unit/recovery/api/wire_pairs.h"

using labrec::ByteView;
namespace v1 = ::labyrinth::recovery::v1;
namespace wire = labrec::recovery::wire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using Compare = std::string (*)(ByteView);
  static constexpr Compare kCompare[] = {
#define LABREC_COMPARE(name) labrec::recovery::test::Difference<wire::name, v1::name>,
      LABREC_EACH_MESSAGE(LABREC_COMPARE)
#undef LABREC_COMPARE
  };
  if (size == 0) return 0;
  const std::string difference = kCompare[data[0] % std::size(kCompare)]({data + 1, size - 1});
  if (!difference.empty()) std::abort();
  return 0;
}
