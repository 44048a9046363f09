#include "hsm/base/file.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

// What the file system does not offer: FAT has no hard links, others no renames that replace nothing.
bool without_links = false;
bool without_careful_renames = false;

}  // namespace

extern "C" {
int link(const char* from, const char* to) noexcept {
  if (!without_links) return static_cast<int>(syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
  errno = EPERM;
  return -1;
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  if (!without_careful_renames) {
    return static_cast<int>(syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
  }
  errno = EINVAL;
  return -1;
}
}

namespace labrec {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "labrec_file_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path Path(const std::string& name) const { return folder_ / name; }
  unsigned ModeOf(const std::string& name) const {
    struct stat info {};
    EXPECT_EQ(stat(Path(name).c_str(), &info), 0);
    return info.st_mode & 07777U;
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      names.insert(entry.path().filename());
    return names;
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(FileTest, WriteThenRead) {
  ASSERT_TRUE(WriteFile(Path("a"), AsBytes("content"), 0644, Overwrite::kRefuse).ok());
  EXPECT_EQ(AsText(ReadFile(Path("a")).value()), "content");
  ASSERT_TRUE(WriteFile(Path("empty"), {}, 0600, Overwrite::kRefuse).ok());
  EXPECT_TRUE(ReadFile(Path("empty"))->empty());
  EXPECT_EQ(Names(), (std::set<std::string>{"a", "empty"})) << "no temporary file is left";
}

TEST_F(FileTest, ModeIsExactlyTheOneAskedFor) {
  const mode_t before = umask(077);
  EXPECT_TRUE(WriteFile(Path("shared"), {}, 0644, Overwrite::kRefuse).ok());
  umask(0);
  EXPECT_TRUE(WriteFile(Path("secret"), {}, 0600, Overwrite::kRefuse).ok());
  umask(before);
  EXPECT_EQ(ModeOf("shared"), 0644U);
  EXPECT_EQ(ModeOf("secret"), 0600U);
}

TEST_F(FileTest, RefuseAndReplace) {
  ASSERT_TRUE(WriteFile(Path("a"), AsBytes("old"), 0600, Overwrite::kRefuse).ok());
  const absl::Status refused = WriteFile(Path("a"), AsBytes("new"), 0644, Overwrite::kRefuse);
  EXPECT_EQ(refused.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("/a"));
  EXPECT_EQ(AsText(ReadFile(Path("a")).value()), "old");
  EXPECT_EQ(ModeOf("a"), 0600U);
  ASSERT_TRUE(WriteFile(Path("a"), AsBytes("new"), 0644, Overwrite::kReplace).ok());
  EXPECT_EQ(AsText(ReadFile(Path("a")).value()), "new");
  EXPECT_EQ(ModeOf("a"), 0644U);
  EXPECT_EQ(Names(), std::set<std::string>{"a"});
}

TEST_F(FileTest, WritingWhereItCannotLeavesNothing) {
  EXPECT_EQ(WriteFile(Path("no/such"), {}, 0600, Overwrite::kRefuse).code(), absl::StatusCode::kNotFound);
  std::filesystem::create_directory(Path("folder"));
  EXPECT_FALSE(WriteFile(Path("folder"), AsBytes("x"), 0600, Overwrite::kReplace).ok());
  EXPECT_EQ(Names(), std::set<std::string>{"folder"});
}

TEST_F(FileTest, AnyFileSystemGetsANewFileAndKeepsAnOldOne) {
  for (const bool links : {true, false}) {
    for (const bool careful_renames : {true, false}) {
      without_links = !links;
      without_careful_renames = !careful_renames;
      EXPECT_TRUE(WriteFile(Path("a"), AsBytes("first"), 0640, Overwrite::kRefuse).ok());
      EXPECT_TRUE(absl::IsAlreadyExists(WriteFile(Path("a"), AsBytes("second"), 0600, Overwrite::kRefuse)));
      EXPECT_EQ(AsText(ReadFile(Path("a")).value()), "first");
      EXPECT_EQ(ModeOf("a"), 0640U);
      EXPECT_EQ(Names(), std::set<std::string>{"a"});
      std::filesystem::remove(Path("a"));
    }
  }
  without_links = without_careful_renames = false;
}

// "--public-out /dev/stdout", as root, would replace the device for everybody.
TEST_F(FileTest, WhatIsNoFileIsNotReplaced) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(WriteFile(Path("pipe"), AsBytes("x"), 0600, Overwrite::kReplace)));
  EXPECT_TRUE(absl::IsInvalidArgument(TryToWrite(Path("pipe"), 1)));
  EXPECT_TRUE(std::filesystem::is_fifo(Path("pipe")));
  EXPECT_EQ(Names(), std::set<std::string>{"pipe"});
}

TEST_F(FileTest, TheLongestNameThatAFileMayHaveIsWritten) {
  const std::string longest(255, 'n');
  EXPECT_TRUE(WriteFile(Path(longest), AsBytes("x"), 0600, Overwrite::kRefuse).ok());
  EXPECT_FALSE(WriteFile(Path(longest + "n"), AsBytes("x"), 0600, Overwrite::kRefuse).ok());
  EXPECT_EQ(Names(), std::set<std::string>{longest});
}

TEST_F(FileTest, TryingLeavesNothing) {
  EXPECT_TRUE(TryToWrite(Path("a"), 5000).ok());
  EXPECT_TRUE(absl::IsNotFound(TryToWrite(Path("no/such"), 1)));
  EXPECT_EQ(Names(), std::set<std::string>{});
}

// The write breaks off in the middle (a limit on the size of files, as a full disk would): the old content
// stays.
TEST_F(FileTest, BrokenOffWriteKeepsTheOldContent) {
  ASSERT_TRUE(WriteFile(Path("a"), AsBytes("old"), 0600, Overwrite::kRefuse).ok());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = WriteFile(Path("a"), Bytes(10000), 0600, Overwrite::kReplace);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(AsText(ReadFile(Path("a")).value()), "old");
  EXPECT_EQ(Names(), std::set<std::string>{"a"});
}

// Whoever reads while another replaces sees one whole content or the other.
TEST_F(FileTest, ReadersNeverSeeHalfAFile) {
  const Bytes one(100000, 1);
  const Bytes two(100000, 2);
  ASSERT_TRUE(WriteFile(Path("a"), one, 0600, Overwrite::kRefuse).ok());
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(WriteFile(Path("a"), i % 2 == 0 ? two : one, 0600, Overwrite::kReplace).ok());
    }
  });
  for (int i = 0; i < 200; ++i) {
    const auto content = ReadFile(Path("a"));
    ASSERT_TRUE(content.ok()) << content.status();
    EXPECT_TRUE(*content == one || *content == two);
  }
  writer.join();
}

TEST_F(FileTest, ReadErrors) {
  EXPECT_EQ(ReadFile(Path("missing")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadSecretFile(Path("missing")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadFile(Path("")).status().code(), absl::StatusCode::kInvalidArgument) << "a folder";
  ASSERT_TRUE(WriteFile(Path("a"), Bytes(11), 0600, Overwrite::kRefuse).ok());
  EXPECT_TRUE(ReadFile(Path("a"), 11).ok());
  EXPECT_EQ(ReadFile(Path("a"), 10).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadSecretFile(Path("a"), 10).status().code(), absl::StatusCode::kInvalidArgument);
}

// Opening a named pipe without a writer would wait for ever.
TEST_F(FileTest, NamedPipesAreRefusedAtOnce) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(ReadFile(Path("pipe")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadSecretFile(Path("pipe")).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(FileTest, SecretFilesAreForTheirOwnerOnly) {
  for (const unsigned mode : {0600U, 0400U, 0640U, 0620U, 0604U, 0602U, 0610U, 0666U}) {
    ASSERT_TRUE(WriteFile(Path("a"), AsBytes("secret"), mode, Overwrite::kReplace).ok());
    const auto content = ReadSecretFile(Path("a"));
    if ((mode & 077U) == 0) {
      ASSERT_TRUE(content.ok()) << content.status();
      EXPECT_TRUE(content->Equals(AsBytes("secret")));
    } else {
      EXPECT_EQ(content.status().code(), absl::StatusCode::kFailedPrecondition) << mode;
      EXPECT_THAT(std::string(content.status().message()), testing::HasSubstr("chmod 600"));
    }
  }
}

// The rule for every PIN and password that a file holds.
TEST_F(FileTest, ASecretLineIsTheFileWithoutItsOneLineEnd) {
  const auto line = [this](std::string_view content, size_t limit = 8) {
    EXPECT_TRUE(WriteFile(Path("a"), AsBytes(content), 0600, Overwrite::kReplace).ok());
    return ReadSecretLine(Path("a"), limit);
  };
  for (const char* content : {"secret", "secret\n", "secret\r\n"}) {
    ASSERT_TRUE(line(content).ok()) << line(content).status();
    EXPECT_TRUE(line(content)->Equals(AsBytes("secret")));
  }
  EXPECT_TRUE(line(" a\tb \n")->Equals(AsBytes(" a\tb ")));
  EXPECT_TRUE(line("a\nb\n")->Equals(AsBytes("a\nb"))) << "bytes of a value that is no text";
  EXPECT_TRUE(line("12345678\r\n").ok());
  for (const std::string_view slip :
       {std::string_view(""), std::string_view("\n"), std::string_view("\r\n"), std::string_view("a\n\n"),
        std::string_view("a\r"), std::string_view("a\r\r\n"), std::string_view("\n\n"),
        std::string_view("\xef\xbb\xbf"),
        std::string_view("\xef\xbb\xbf"
                         "a\n"),
        std::string_view("\xff\xfe"
                         "a\0\n\0",
                         6),
        std::string_view("\xfe\xff\0a", 4), std::string_view("123456789"), std::string_view("123456789\n")}) {
    EXPECT_EQ(line(slip).status().code(), absl::StatusCode::kFailedPrecondition) << slip;
  }
  EXPECT_EQ(line("12345678901").status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(line("a").ok());
  ASSERT_EQ(chmod(Path("a").c_str(), 0640), 0);
  EXPECT_EQ(ReadSecretLine(Path("a"), 8).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace labrec
