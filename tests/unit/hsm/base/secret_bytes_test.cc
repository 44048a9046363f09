#include "hsm/base/secret_bytes.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hsm/base/aead.h"
#include "hsm/base/ecdsa.h"

namespace labrec {
namespace {

static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes> &&
              std::is_nothrow_move_assignable_v<SecretBytes>);

// The kernel's flags of the mapping that holds `address` (proc(5), VmFlags): "dd" is "do not dump".
std::string MappingFlags(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t from = 0;
    uintptr_t to = 0;
    char dash = 0;
    std::istringstream head(line);
    if (head >> std::hex >> from >> dash >> to && dash == '-') {
      const auto at = reinterpret_cast<uintptr_t>(address);
      inside = from <= at && at < to;
    }
    if (inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return "";
}

bool IsMapped(const void* address) {
  return !MappingFlags(address).empty();
}

bool AllZero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

TEST(SecretBytes, MakesCopiesAndJoins) {
  EXPECT_TRUE(SecretBytes().empty());
  EXPECT_TRUE(SecretBytes::OfSize(0).empty());
  EXPECT_TRUE(AllZero(SecretBytes::OfSize(100).view()));
  const Bytes bytes = {1, 2, 3};
  const SecretBytes copy = SecretBytes::CopyOf(bytes);
  EXPECT_TRUE(copy.Equals(bytes));
  EXPECT_TRUE(copy.Clone().Equals(bytes));
  EXPECT_NE(copy.Clone().data(), copy.data());
  EXPECT_TRUE(SecretBytes::Concat({bytes, {}, copy.view()}).Equals(Bytes{1, 2, 3, 1, 2, 3}));
  EXPECT_TRUE(SecretBytes::Concat({}).empty());
}

TEST(SecretBytes, Equals) {
  const SecretBytes a = SecretBytes::CopyOf(Bytes{1, 2, 3});
  EXPECT_FALSE(a.Equals(Bytes{1, 2}));
  EXPECT_FALSE(a.Equals(Bytes{1, 2, 3, 0}));
  for (size_t i = 0; i < 3; ++i) {
    Bytes other = {1, 2, 3};
    other[i] ^= 0x80;
    EXPECT_FALSE(a.Equals(other));
  }
  EXPECT_TRUE(SecretBytes().Equals({}));
}

TEST(SecretBytes, MovedFromIsEmptyAndUsable) {
  SecretBytes a = SecretBytes::CopyOf(Bytes{1, 2, 3});
  const uint8_t* data = a.data();
  SecretBytes b = std::move(a);
  EXPECT_EQ(b.data(), data) << "moving must not copy";
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(a.data(), nullptr);
  a = SecretBytes::CopyOf(Bytes{4});
  b = std::move(a);
  EXPECT_TRUE(b.Equals(Bytes{4}));
  SecretBytes& self = b;
  b = std::move(self);
  EXPECT_TRUE(b.Equals(Bytes{4}));
}

TEST(SecretBytes, TakeFromWipesTheSource) {
  std::string text = "a secret longer than the small-string buffer";
  const char* data = text.data();
  const std::string expected = text;
  const size_t size = text.size();
  EXPECT_TRUE(SecretBytes::TakeFrom(text).Equals(AsBytes(expected)));
  EXPECT_TRUE(text.empty());
  EXPECT_TRUE(AllZero({reinterpret_cast<const uint8_t*>(data), size}));
  Bytes bytes = {1, 2, 3};
  EXPECT_TRUE(SecretBytes::TakeFrom(bytes).Equals(Bytes{1, 2, 3}));
  EXPECT_TRUE(AllZero(bytes));
}

// What a string held before it was shortened is still in its buffer.
TEST(SecretBytes, WipeTakesTheWholeCapacity) {
  std::string text = "a secret longer than the small-string buffer";
  const char* data = text.data();
  const size_t size = text.size();
  text.resize(3);
  Wipe(text);
  EXPECT_TRUE(AllZero({reinterpret_cast<const uint8_t*>(data), size}));
}

// Looks at the freed block, which stays mapped in OpenSSL's arena; its free list takes the first two words.
TEST(SecretBytes, ReleaseWipes) {
  SecretBytes secret = SecretBytes::OfSize(256);
  std::fill_n(secret.data(), 256, uint8_t{0xa5});
  const uint8_t* data = secret.data();
  ASSERT_NE(CRYPTO_secure_allocated(data), 0) << "this test looks at OpenSSL's secure heap";
  const ByteView tail(data + 16, 240);
  EXPECT_FALSE(AllZero(tail));
  secret.Clear();
  EXPECT_TRUE(secret.empty());
  EXPECT_TRUE(AllZero(tail));
}

TEST(SecretBytes, MemoryIsLeftOutOfCoreDumps) {
  const SecretBytes small = SecretBytes::Random(32);
  const SecretBytes large = SecretBytes::Random(8U << 20);
  EXPECT_NE(CRYPTO_secure_allocated(small.data()), 0);
  EXPECT_EQ(CRYPTO_secure_allocated(large.data()), 0) << "larger than the whole heap: pages of its own";
  EXPECT_THAT(MappingFlags(small.data()), testing::HasSubstr(" dd "));
  EXPECT_THAT(MappingFlags(large.data()), testing::HasSubstr(" dd "));
}

TEST(SecretBytes, PagesOfTheirOwnAreGivenBack) {
  SecretBytes large = SecretBytes::Random(8U << 20);
  const uint8_t* data = large.data();
  EXPECT_TRUE(IsMapped(data));
  large.Clear();
  EXPECT_FALSE(IsMapped(data));
}

// More secrets than the heap holds: they go elsewhere, and OpenSSL still finds room for its own numbers.
TEST(SecretBytes, FullHeapStopsNobody) {
  std::vector<SecretBytes> many;
  for (size_t i = 0; i < 6000; ++i) {
    many.push_back(SecretBytes::OfSize(1024));
    std::fill_n(many.back().data(), 1024, static_cast<uint8_t>(i));
  }
  EXPECT_EQ(CRYPTO_secure_allocated(many.back().data()), 0) << "6 MB do not fit into the heap of 4";
  EXPECT_THAT(MappingFlags(many.back().data()), testing::HasSubstr(" dd "));
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  EXPECT_TRUE(key.public_key().Verify(AsBytes("m"), key.Sign(AsBytes("m"))));
  EXPECT_TRUE(EcdsaPrivateKey::FromPem(key.ToPem()).ok());
  for (size_t i = 0; i < many.size(); ++i) {
    ASSERT_TRUE(std::all_of(many[i].data(), many[i].data() + 1024, [&](uint8_t byte) {
      return byte == static_cast<uint8_t>(i);
    })) << i;
  }
  many.clear();
  EXPECT_NE(CRYPTO_secure_allocated(SecretBytes::OfSize(1024).data()), 0) << "room again";
}

TEST(SecretBytes, RandomDiffers) {
  EXPECT_FALSE(SecretBytes::Random(32).Equals(SecretBytes::Random(32).view()));
  EXPECT_TRUE(SecretBytes::Random(0).empty());
}

TEST(SecretBytes, ManyThreads) {
  std::vector<std::thread> threads;
  for (uint8_t id = 1; id <= 4; ++id) {
    threads.emplace_back([id] {
      for (size_t i = 1; i < 2000; ++i) {
        SecretBytes secret = SecretBytes::OfSize(i % 300 + 1);
        std::fill_n(secret.data(), secret.size(), id);
        ASSERT_TRUE(secret.Equals(Bytes(secret.size(), id)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

[[noreturn]] void ForbidAndReport() {
  ForbidCoreDumps();
  rlimit limit{1, 1};
  getrlimit(RLIMIT_CORE, &limit);
  _exit(limit.rlim_cur == 0 && limit.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0 ? 7 : 8);
}

TEST(ForbidCoreDumpsDeathTest, LeavesNoDump) {
  EXPECT_EXIT(ForbidAndReport(), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace labrec
