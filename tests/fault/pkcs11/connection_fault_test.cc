#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <openssl/err.h>
#include <p11-kit/pkcs11.h>

#include "hsm/pkcs11/pkcs11_device.h"
#include "tests/fault/pkcs11/fault_fixture.h"

namespace labrec::hsm::pkcs11 {
namespace {

using test::Fate;

TEST_F(Pkcs11Fault, AHandleErrorIsRepairedWithinTheCall) {
  const auto device = NewDevice();
  ASSERT_NE(device, nullptr);
  for (const CK_RV rv : {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_USER_NOT_LOGGED_IN,
                         CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID}) {
    for (const char* function : {"C_DeriveKey", "C_GetAttributeValue"}) {
      FailNth(function, 0, Fate::Skip(rv));
      const absl::Status status = Evaluate(*device);
      EXPECT_TRUE(status.ok()) << function << ": " << status;
    }
    FailNth("C_Sign", 0, Fate::Skip(rv));
    EXPECT_TRUE(device->derivation_key()->Derive(AsBytes("record")).ok());
    FailNth("C_GenerateRandom", 0, Fate::Skip(rv));
    Bytes random(8);
    EXPECT_TRUE(device->random()->Fill(random).ok());
  }
}

TEST_F(Pkcs11Fault, AHandleErrorIsRepairedOnceOnly) {
  const auto device = NewDevice();
  ASSERT_NE(device, nullptr);
  std::atomic<int> initialized = 0;
  std::atomic<int> random_calls = 0;
  test::SetPkcs11Judge([&](std::string_view function) {
    if (function == "C_Initialize") ++initialized;
    if (function != "C_GenerateRandom") return Fate::Pass();
    ++random_calls;
    return Fate::Skip(CKR_SESSION_HANDLE_INVALID);
  });
  Bytes random(8);
  EXPECT_TRUE(absl::IsUnavailable(device->random()->Fill(random)));
  EXPECT_EQ(initialized, 1);
  EXPECT_EQ(random_calls, 2);
  Heal();
  EXPECT_TRUE(device->random()->Fill(random).ok());
}

TEST_F(Pkcs11Fault, ADeviceErrorIsReportedAndTheModuleInitializedAgain) {
  const auto device = NewDevice();
  ASSERT_NE(device, nullptr);
  for (const CK_RV rv : {CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT, CKR_GENERAL_ERROR,
                         CKR_FUNCTION_FAILED, CKR_VENDOR_DEFINED + 5}) {
    FailNth("C_DeriveKey", 0, Fate::Skip(rv));
    EXPECT_TRUE(absl::IsUnavailable(Evaluate(*device))) << rv;
    EXPECT_EQ(CallsOf("C_Initialize", [&] { EXPECT_TRUE(Evaluate(*device).ok()); }), 1);
    EXPECT_EQ(CallsOf("C_Initialize", [&] { EXPECT_TRUE(Evaluate(*device).ok()); }), 0);
  }
}

TEST_F(Pkcs11Fault, OtherErrorsLeaveTheConnectionAlone) {
  const auto device = NewDevice();
  ASSERT_NE(device, nullptr);
  FailNth("C_DeriveKey", 0, Fate::Skip(CKR_MECHANISM_PARAM_INVALID));
  EXPECT_TRUE(absl::IsFailedPrecondition(Evaluate(*device)));
  EXPECT_EQ(CallsOf("C_Initialize", [&] { EXPECT_TRUE(Evaluate(*device).ok()); }), 0);
}

TEST_F(Pkcs11Fault, AttemptsToOpenAgainGrowRare) {
  const auto device = NewDevice();
  ASSERT_NE(device, nullptr);
  std::atomic<int> attempts = 0;
  test::SetPkcs11Judge([&](std::string_view function) {
    if (function == "C_DeriveKey") return Fate::Skip(CKR_DEVICE_ERROR);
    if (function != "C_Initialize") return Fate::Pass();
    ++attempts;
    return Fate::Skip(CKR_DEVICE_ERROR);
  });
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::steady_clock::now() - start; };
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(absl::IsUnavailable(Evaluate(*device)));
  // Pauses of 50, 100, 200, ... ms: n attempts take at least 50 * (2^(n-1) - 1) ms.
  ASSERT_GE(attempts, 1);
  EXPECT_GE(elapsed(), std::chrono::milliseconds(50) * ((1 << (attempts - 1)) - 1));
  EXPECT_LT(elapsed(), std::chrono::seconds(5));  // none of the calls waited
  Heal();
  const absl::Status back = OnceAvailable([&] { return Evaluate(*device); });
  EXPECT_TRUE(back.ok()) << back;
}

TEST_F(Pkcs11Fault, ARefusedPinIsTriedOnce) {
  ASSERT_NE(NewDevice(), nullptr);
  FailAll("C_Login", Fate::Skip(CKR_PIN_INCORRECT));
  EXPECT_TRUE(absl::IsPermissionDenied(Open().status()));
  Heal();
  const auto device = NewDevice();
  ASSERT_NE(device, nullptr);
  std::atomic<int> logins = 0;
  test::SetPkcs11Judge([&](std::string_view function) {
    if (function == "C_DeriveKey") return Fate::Skip(CKR_DEVICE_ERROR);
    if (function != "C_Login") return Fate::Pass();
    ++logins;
    return Fate::Skip(CKR_PIN_INCORRECT);
  });
  EXPECT_TRUE(absl::IsUnavailable(Evaluate(*device)));
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(absl::IsPermissionDenied(Evaluate(*device)));
  }
  EXPECT_EQ(logins, 1);
  Heal();  // even now: only a restart may try again
  EXPECT_TRUE(absl::IsPermissionDenied(Evaluate(*device)));
}

TEST_F(Pkcs11Fault, AnotherTokenInItsPlaceIsNamedAsSuchByEveryCall) {
  const auto device = NewDevice();
  ASSERT_NE(device, nullptr);
  token_->Break();
  EXPECT_TRUE(absl::IsUnavailable(Evaluate(*device)));
  token_->Replace();
  EXPECT_TRUE(absl::IsFailedPrecondition(OnceAvailable([&] { return Evaluate(*device); })));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(absl::IsFailedPrecondition(Evaluate(*device))) << i;
}

// Modules that use this process's OpenSSL leave entries in its error queue, where the next SSL_read of the
// thread would find them.
TEST_F(Pkcs11Fault, OpensslsErrorQueueIsLeftEmpty) {
  ERR_clear_error();
  const auto device = NewDevice();
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(ERR_peek_error(), 0U);
  const auto leave_an_error = [](std::string_view) {
    ERR_raise(ERR_LIB_USER, 1);
    return Fate::Pass();
  };
  test::SetPkcs11Judge(leave_an_error);
  EXPECT_TRUE(Evaluate(*device).ok());
  EXPECT_EQ(ERR_peek_error(), 0U);
  EXPECT_TRUE(Open().ok());
  EXPECT_EQ(ERR_peek_error(), 0U);
  EXPECT_TRUE(Probe(Address(), {}).ok());
  EXPECT_EQ(ERR_peek_error(), 0U);
  Heal();
  const auto refused = pkcs11::Open({token_->UriWithWrongPin()}, state_, SecretBytes());
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_F(Pkcs11Fault, DerivedSecretsAreDestroyedAtOnce) {
  const auto device = NewDevice();
  ASSERT_NE(device, nullptr);
  int derived = 0;
  int destroyed = 0;
  test::SetPkcs11Judge([&](std::string_view function) {
    if (function == "C_DeriveKey") ++derived;
    if (function == "C_DestroyObject") ++destroyed;
    EXPECT_LE(derived - destroyed, 1);
    return Fate::Pass();
  });
  std::vector<P256Point> elements;
  for (int i = 0; i < 9; ++i) elements.push_back(P256Point::Generator().Times(P256Scalar::Random()));
  ASSERT_TRUE(device->evaluation_key()->Evaluate(elements).ok());
  EXPECT_EQ(derived, 5 + 5 + 2);
  EXPECT_EQ(destroyed, derived);
}

// More threads than sessions, an anchor at work, and a token that comes and goes: every answer is right or
// says UNAVAILABLE, and in the end all is well.
TEST_F(Pkcs11Fault, ManyThreadsOverATokenThatComesAndGoes) {
  const auto device = NewDevice();
  ASSERT_NE(device, nullptr);
  ASSERT_TRUE(device->freshness_anchor()->Claim().ok());
  std::atomic<bool> stop = false;
  std::atomic<int> right = 0;
  std::atomic<int> away = 0;
  const auto tally = [&](const absl::Status& status) {
    EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
    ++(status.ok() ? right : away);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stop) tally(Evaluate(*device));
    });
  }
  threads.emplace_back([&] {
    FreshnessAnchor& anchor = *device->freshness_anchor();
    while (!stop) {
      const auto epoch = anchor.CurrentEpoch();
      if (!epoch.ok()) continue;
      const absl::Status prepared = anchor.Prepare(*epoch + 1, Digest{}).status();
      tally(prepared);
      if (prepared.ok()) tally(OnceAvailable([&] { return anchor.Commit(*epoch + 1); }));
    }
  });
  const auto until = [&](const std::atomic<int>& count, int more) {
    const int goal = count + more;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (count < goal && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_GE(count, goal);
  };
  for (int round = 0; round < 5; ++round) {
    until(right, 50);
    token_->Break();
    until(away, 50);
    token_->Repair();
  }
  until(right, 50);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(OnceAvailable([&] { return Evaluate(*device); }).ok());
}

}  // namespace
}  // namespace labrec::hsm::pkcs11
