#include "recovery/server/transport/connection_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace labrec::recovery {
namespace {

class SocketPair {
 public:
  SocketPair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_), 0); }
  ~SocketPair() {
    CloseOurs();
    close(fds_[1]);
  }
  int ours() const { return fds_[0]; }
  void CloseOurs() {
    if (fds_[0] >= 0) close(fds_[0]);
    fds_[0] = -1;
  }

 private:
  int fds_[2] = {-1, -1};
};

TEST(ConnectionTable, AdmitsSoManyAsAreOpenAtATime) {
  ConnectionTable table(2);
  SocketPair one, two, three;
  EXPECT_TRUE(table.Admit(one.ours()));
  EXPECT_TRUE(table.Admit(two.ours()));
  EXPECT_FALSE(table.Admit(three.ours()));
  EXPECT_EQ(table.CountOpen(), 2U);
  one.CloseOurs();
  EXPECT_EQ(table.CountOpen(), 1U);
  EXPECT_TRUE(table.Admit(three.ours()));
  SocketPair four;
  EXPECT_FALSE(table.Admit(four.ours()));
}

TEST(ConnectionTable, ANumberThatIsUsedAgainIsAnotherConnection) {
  ConnectionTable table(2);
  SocketPair one, two;
  EXPECT_TRUE(table.Admit(one.ours()));
  EXPECT_TRUE(table.Admit(two.ours()));
  const int number = one.ours();
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(dup2(file, number), number);  // as when gRPC closed it and the database opened a file
  close(file);
  EXPECT_EQ(table.CountOpen(), 1U);
  SocketPair three;
  EXPECT_EQ(dup2(three.ours(), number), number);
  EXPECT_TRUE(table.Admit(number));
  EXPECT_EQ(table.CountOpen(), 2U);
}

TEST(ConnectionTable, AClosedDescriptorIsNotAdmitted) {
  ConnectionTable table(1);
  EXPECT_FALSE(table.Admit(-1));
  EXPECT_EQ(table.CountOpen(), 0U);
}

}  // namespace
}  // namespace labrec::recovery
