// docs/conformance is what the core makes and does now.

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/checkout_paths.h"
#include "tests/vectors/conformance/kit.h"
#include "tests/vectors/conformance/transcripts.h"

namespace labrec::conformance {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = LABREC_SOURCE_DIR "/docs/conformance";

std::string Content(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Conformance, TheKitIsWhatTheCoreMakes) {
  std::set<std::string> written;
  for (const auto& entry : fs::recursive_directory_iterator(kFolder)) {
    if (entry.path().extension() == ".json") written.insert(fs::relative(entry.path(), kFolder));
  }
  for (const auto& [name, text] : MakeKit()) {
    EXPECT_EQ(written.erase(name), 1U) << name << " is missing; `conformance_kit docs/conformance` writes it";
    EXPECT_TRUE(Content(kFolder / name) == text)
        << name
        << " is not what the core makes now; `conformance_kit docs/conformance` writes it anew, and a "
        << "difference is one of the protocol or of what clients do";
  }
  EXPECT_TRUE(written.empty()) << *written.begin() << " is of no use any more";
}

// As another client would run it: from the files alone.
TEST(Conformance, TheCoreFollowsEachTranscript) {
  size_t played = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kFolder / "transcripts")) {
    if (!entry.is_regular_file()) continue;
    const Json written = Json::parse(Content(entry.path()));
    EXPECT_EQ(Replay(written).dump(1), written.dump(1)) << entry.path();
    ++played;
  }
  EXPECT_GE(played, 40U);
}

}  // namespace
}  // namespace labrec::conformance
