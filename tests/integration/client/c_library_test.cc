// The C library in another language: Python carries, by gRPC without generated code, and decides nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/client/world.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::recovery::client {
namespace {

class CLibrary : public ClientWorld {
 protected:
  test::FinishedCommand RunExample() {
    WriteFiles(folder_.path());
    // Debian's own Python, which Debian's grpcio is for.
    return test::RunCommand({"/usr/bin/python3", "-B", LABREC_SOURCE_DIR "/tools/example/seal_and_recover.py",
                             LABREC_BIN_DIR "/../lib/liblabyrinth_recovery.so.1",
                             folder_.path() / "realms.toml", folder_.path() / "phone.key", "chat", "alice"});
  }
  const test::TemporaryFolder folder_;
};

TEST_F(CLibrary, PythonSealsRecoversChangesThePinAndDeletes) {
  const test::FinishedCommand example = RunExample();
  EXPECT_EQ(example.code, 0) << example.err;
  EXPECT_EQ(example.out,
            "typed 493817: 493817 full width: 493817 nothing: None\n"
            "seal: sealed, version 1 (good good good)\n"
            "status: done, version 1 (good good good)\n"
            "recover: wrong-pin, 6 tries left (good good good)\n"
            "recover: recovered, version 1 (good good good)\n"
            "the secret is the same\n"
            "heal: sealed, version 1 (good good good)\n"
            "change PIN: sealed, version 2 (good good good)\n"
            "recover: wrong-pin, 6 tries left (good good good)\n"
            "raise floor: done (good good good)\n"
            "read floor: done (good good good)\n"
            "the floor is 7\n"
            "enroll: done (good good good)\n"
            "delete by the old PIN: done (refused refused refused)\n"
            "delete: done (good good good)\n"
            "status: done (not-registered not-registered not-registered)\n");
}

}  // namespace
}  // namespace labrec::recovery::client
