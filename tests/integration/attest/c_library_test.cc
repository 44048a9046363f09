// A proof by the C library: a real daemon on a software TPM, and a host in Python.

#include "recovery/client/base/device_key.h"
#include "tests/integration/attest/fixture.h"
#include "tests/support/process/finished_command.h"

namespace labrec::test {
namespace {

class AttestByC : public Attest {
 protected:
  FinishedCommand Run(const std::string& anchor) {
    return RunCommand({"/usr/bin/python3", "-B", LABREC_SOURCE_DIR "/tests/integration/attest/attest_by_c.py",
                       LABREC_BIN_DIR "/../lib/liblabyrinth_recovery.so.1", Path("realms.toml"),
                       Path("phone"), Path(anchor)});
  }
};

TEST_F(AttestByC, WhoProvesItselfIsAskedAndWhoDoesNotIsNot) {
  std::ofstream(Path("tokens")) << realm_->Token("alice");
  ASSERT_TRUE(recovery::client::DeviceKey::Make().Save(Path("phone")).ok());
  const FinishedCommand proven = Run("roots/root.der");
  EXPECT_EQ(proven.code, 0) << proven.err;
  EXPECT_EQ(proven.out, "attest: done (good)\nproven: 1\nstatus: done (not-registered)\n");

  // Certificates of another vendor: the chain's issuer did not sign itself.
  std::ofstream(Path("other.der")) << "0";
  const FinishedCommand refused = Run("other.der");
  EXPECT_EQ(refused.code, 0) << refused.err;
  EXPECT_THAT(refused.out, HasSubstr("attest: done (refused)\nproven: 0\nrealm oslo: "));
  EXPECT_THAT(refused.out, HasSubstr("status: done (refused)\n"));
}

}  // namespace
}  // namespace labrec::test
