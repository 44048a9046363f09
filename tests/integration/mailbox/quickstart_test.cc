#include <sys/wait.h>

#include "tests/integration/mailbox/world.h"
#include "tests/support/checkout_paths.h"

namespace labrec::mailbox {
namespace {

class QuickstartJourney : public MailboxWorld {};

// The last chapters of tools/quickstart, on these realms.
TEST_P(QuickstartJourney, RunsToItsEnd) {
  const std::string command = "PATH=" LABREC_BIN_DIR ":$PATH WORK=" + folder().string() +
                              " REALMS=" + (folder() / "realms.toml").string() +
                              " THRESHOLD=2 " LABREC_SOURCE_DIR "/tools/dev/quickstart-journey 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  char buffer[4096];
  while (const size_t got = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, got);
  const int status = pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << output;
  EXPECT_THAT(output, ::testing::HasSubstr("9 messages in 5 epochs"));
}

INSTANTIATE_TEST_SUITE_P(Stores, QuickstartJourney, ::testing::Values(StoreKind::kServer),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace labrec::mailbox
