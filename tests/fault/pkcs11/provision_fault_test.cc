#include <p11-kit/pkcs11.h>

#include "hsm/pkcs11/anchor/names.h"
#include "hsm/pkcs11/anchor/state.h"
#include "hsm/pkcs11/pkcs11_device.h"
#include "hsm/pkcs11/token/address.h"
#include "hsm/pkcs11/token/module.h"
#include "hsm/pkcs11/token/primitives.h"
#include "hsm/pkcs11/token/session.h"
#include "hsm/pkcs11/token/token.h"
#include "tests/fault/pkcs11/fault_fixture.h"

namespace labrec::hsm::pkcs11 {
namespace {

using test::Fate;

// The first finding that is missing.
ProbeFinding Missing(const ProbeReport& report) {
  for (const ProbeFinding& finding : report.findings) {
    if (!finding.present) return finding;
  }
  return {};
}

TEST_F(Pkcs11Fault, AnyFailingCallOfProvisioningLeavesNothingBehind) {
  const int calls = CallsOf("", [this] {
    auto state = Provision(Address(), Options());
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_TRUE(Deprovision(Address(), *state, SecretBytes(), SecretBytes()).ok());
  });
  ASSERT_EQ(TokenObjects(), 0);
  for (const Fate fate :
       {Fate::Skip(CKR_DEVICE_ERROR), Fate::Hide(CKR_DEVICE_ERROR), Fate::Skip(CKR_TEMPLATE_INCONSISTENT)}) {
    for (int n = 0; n < calls; ++n) {
      FailNth("", n, fate);
      auto state = Provision(Address(), Options());
      Heal();
      if (!state.ok()) {
        EXPECT_EQ(TokenObjects(), 0) << "call " << n << ": " << state.status();
        continue;
      }
      EXPECT_TRUE(Deprovision(Address(), *state, SecretBytes(), SecretBytes()).ok()) << "call " << n;
      ASSERT_EQ(TokenObjects(), 0) << "call " << n;
    }
  }
}

TEST_F(Pkcs11Fault, ProbingLeavesNothingBehind) {
  const auto report = Probe(Address(), {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(Missing(*report).what, "");
  EXPECT_EQ(TokenObjects(), 0);
}

TEST_F(Pkcs11Fault, ProbeSaysWhatIsMissing) {
  struct Case {
    const char* function;
    Fate fate;
    const char* what;
  };
  for (const Case& broken : {
           Case{"C_Login", Fate::Skip(CKR_PIN_INCORRECT), "user PIN"},
           Case{"C_GenerateKeyPair", Fate::Skip(CKR_MECHANISM_INVALID), "CKM_EC_KEY_PAIR_GEN"},
           Case{"C_DeriveKey", Fate::Skip(CKR_MECHANISM_PARAM_INVALID), "CKD_NULL"},
           Case{"C_GenerateKey", Fate::Skip(CKR_MECHANISM_INVALID), "CKM_SHA256_HMAC"},
           Case{"C_Sign", Fate::Skip(CKR_MECHANISM_INVALID), "CKM_SHA256_HMAC"},
           Case{"C_DestroyObject", Fate::Skip(CKR_OK), "destroying a token object"},
           Case{"C_GenerateRandom", Fate::Skip(CKR_RANDOM_NO_RNG), "random"},
       }) {
    FailAll(broken.function, broken.fate);
    const auto report = Probe(Address(), {});
    Heal();
    ASSERT_TRUE(report.ok()) << report.status();
    const ProbeFinding missing = Missing(*report);
    EXPECT_NE(missing.what.find(broken.what), std::string::npos) << broken.function << ": " << missing.what;
    EXPECT_FALSE(missing.remedy.empty());
  }
}

// A token that keeps its keys elsewhere needs no ECDH, and the other way round.
TEST_F(Pkcs11Fault, ProbeTriesOnlyWhatTheRolesNeed) {
  FailAll("C_DeriveKey", Fate::Skip(CKR_MECHANISM_PARAM_INVALID));
  const auto anchor = Probe(Address(), {.keys = false, .anchor = true});
  ASSERT_TRUE(anchor.ok());
  EXPECT_EQ(Missing(*anchor).what, "");
  Heal();
  EXPECT_EQ(CallsOf("C_GenerateKeyPair", [this] { (void)Probe(Address(), {.keys = false, .anchor = true}); }),
            0);
}

TEST_F(Pkcs11Fault, AMissingModuleOrTokenIsUnavailable) {
  EXPECT_TRUE(absl::IsUnavailable(Probe({token_->UriThrough("/nonexistent/module.so")}, {}).status()));
  EXPECT_TRUE(absl::IsUnavailable(Probe({token_->UriThrough("/etc/hostname")}, {}).status()));
  token_->Break();
  EXPECT_TRUE(absl::IsUnavailable(Probe(Address(), {}).status()));
  EXPECT_TRUE(absl::IsUnavailable(Provision(Address(), Options()).status()));
}

TEST_F(Pkcs11Fault, KeysOtherThanThePinnedOnesAreRefused) {
  ASSERT_NE(NewDevice(), nullptr);
  const auto pinned = FromJson(state_);
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  State other = *pinned;
  other.keys->derivation_check[0] ^= 1;
  EXPECT_TRUE(absl::IsFailedPrecondition(pkcs11::Open(Address(), ToJson(other), SecretBytes()).status()));
  other = *pinned;
  other.keys->public_key = P256Point::Generator().Times(P256Scalar::Random());
  EXPECT_TRUE(absl::IsFailedPrecondition(pkcs11::Open(Address(), ToJson(other), SecretBytes()).status()));
  other = *pinned;
  other.scope.instance[0] ^= 1;
  EXPECT_TRUE(absl::IsFailedPrecondition(pkcs11::Open(Address(), ToJson(other), SecretBytes()).status()));
  EXPECT_TRUE(Open().ok());
}

TEST_F(Pkcs11Fault, TwoKeysOfOneNameAreRefused) {
  ASSERT_NE(NewDevice(), nullptr);
  {
    const auto address = TokenAddress::Parse(Address().uri);
    const auto module = Module::Load(address->module_path(), address->init_args());
    const auto initialized = Initialized::Begin(**module);
    const auto token = FindToken(initialized->api(), *address);
    const auto session = Session::Open(initialized->api(), token->slot);
    ASSERT_TRUE(session.ok()) << session.status();
    ASSERT_TRUE(Login(*session, *token, *address).ok());
    const KeyName name = DerivationKeyName(FromJson(state_)->scope);
    ASSERT_TRUE(GenerateHmacKey(*session, Lifetime::kToken, name).ok());
  }
  const absl::Status refused = Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_NE(std::string(refused.message()).find("2 keys"), std::string::npos) << refused;
}

TEST_F(Pkcs11Fault, OptionsAreChecked) {
  ProvisionOptions options = Options();
  options.realm_id.pop_back();
  EXPECT_TRUE(absl::IsInvalidArgument(Provision(Address(), options).status()));
  options = Options();
  options.roles = {.keys = false, .anchor = false};
  EXPECT_TRUE(absl::IsInvalidArgument(Provision(Address(), options).status()));
}

}  // namespace
}  // namespace labrec::hsm::pkcs11
