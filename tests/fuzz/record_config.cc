// A RecordConfig as the other side sends it: what is taken is the one encoding of a config within the limits.

#include "recovery/api/record_config.h"

#include <cstdlib>

#include "recovery/api/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace labrec;
  using namespace labrec::recovery;
  const ByteView bytes(data, size);
  const RecordName name{"chat", "alice", "main"};  // of the committed inputs
  const auto config = ParseRecordConfig(bytes, name, 4);
  if (!config.ok()) return 0;
  if (!SameBytes(Encode(*config), bytes)) std::abort();
  if (config->guess_limit < 1 || config->guess_limit > kMostGuesses) std::abort();
  if (config->threshold < 1 || config->threshold > config->realms.size()) std::abort();
  if (ParseRecordConfig(bytes, name, 5).ok()) std::abort();
  if (ParseRecordConfig(bytes, {"chat", "bob", "main"}, 4).ok()) std::abort();
  Bytes longer = ToBytes(bytes);
  longer.push_back(0);
  if (ParseRecordConfig(longer, name, 4).ok()) std::abort();
  return 0;
}
