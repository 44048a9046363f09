// The C library through its header. What its memory does shows under AddressSanitizer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/recovery/client/c/driver.h"

namespace labrec::recovery::client::c {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSecret = "a storage key", kPin = "493817", kWrong = "000000", kOther = "271828";

struct Freed {
  void operator()(lrc_op* op) const { lrc_op_free(op); }
};
using Op = std::unique_ptr<lrc_op, Freed>;

lrc_seal_options Quick() {
  lrc_seal_options options{};
  options.guess_limit = 5;
  options.argon_memory_kib = 64;
  options.argon_passes = 1;
  return options;
}
Op SealOf(Driver& driver, const lrc_op* recovered = nullptr) {
  const lrc_seal_options options = Quick();
  return Op(lrc_seal(driver.account(), "main", &options, Lend(kPin), Lend(kSecret), recovered));
}
Op RecoverOf(Driver& driver, std::string_view pin) {
  return Op(lrc_recover(driver.account(), "main", nullptr, Lend(pin)));
}
std::string SecretOf(const lrc_result& result) {
  return ToString(Own(result.secret));
}
// Sealed with the driver's device.
void SealAt(Driver& driver) {
  const Op seal = SealOf(driver);
  const lrc_result sealed = driver.Result(seal.get());
  ASSERT_EQ(sealed.outcome, LRC_OUTCOME_SEALED) << sealed.message;
  EXPECT_EQ(sealed.version, 1U);
  EXPECT_EQ(sealed.threshold, 2U);
  EXPECT_EQ(sealed.holders, 3U);
  EXPECT_EQ(sealed.complete, 1);
}

TEST(CLibrary, WhatIsSealedIsRecovered) {
  for (const SignatureForm form : {SignatureForm::kRaw, SignatureForm::kDer}) {
    Driver driver;
    driver.form = form;
    SealAt(driver);
    ASSERT_EQ(driver.signers.size(), 3U);
    EXPECT_EQ(driver.signers[0], ToBytes(driver.device.public_key().DeviceId()));
    const Op op = RecoverOf(driver, kPin);
    const lrc_result result = driver.Result(op.get());
    EXPECT_EQ(result.outcome, LRC_OUTCOME_RECOVERED);
    EXPECT_EQ(SecretOf(result), kSecret);
    lrc_realm_report report;
    ASSERT_EQ(lrc_op_realm(op.get(), 2, &report), 1);
    EXPECT_EQ(report.condition, LRC_REALM_GOOD);
    EXPECT_EQ(lrc_op_realm(op.get(), 3, &report), 0);
    EXPECT_THAT(driver.log, Not(HasSubstr("TOKEN!")));
  }
}

TEST(CLibrary, AWrongPinIsAnOutcome) {
  Driver driver;
  SealAt(driver);
  const Op op = RecoverOf(driver, kWrong);
  const lrc_result result = driver.Result(op.get());
  EXPECT_EQ(result.outcome, LRC_OUTCOME_WRONG_PIN);
  EXPECT_EQ(result.failure, LRC_FAILURE_NONE);
  EXPECT_EQ(result.tries_left, 4U);
  EXPECT_EQ(result.secret.size, 0U);
}

TEST(CLibrary, ThePinChangesAndWhatIsWholeNeedsNoHealing) {
  Driver driver;
  SealAt(driver);
  const Op change(lrc_change_pin(driver.account(), "main", nullptr, 0, Lend(kPin), Lend(kOther)));
  const lrc_result changed = driver.Result(change.get());
  ASSERT_EQ(changed.outcome, LRC_OUTCOME_SEALED) << changed.message;
  EXPECT_EQ(changed.version, 2U);
  driver.log.clear();
  const Op heal(lrc_heal(driver.account(), "main", nullptr, 0, Lend(kOther)));
  const lrc_result healed = driver.Result(heal.get());
  ASSERT_EQ(healed.outcome, LRC_OUTCOME_SEALED) << healed.message;
  EXPECT_EQ(healed.version, 2U) << "nothing was sealed";
  EXPECT_EQ(healed.complete, 1);
  EXPECT_THAT(driver.log, Not(HasSubstr("BeginRegistration")));
}

TEST(CLibrary, ARealmThatLostTheRecordIsHealed) {
  Driver driver;
  SealAt(driver);
  driver.realms[1] = std::make_unique<core::MemoryRealm>(IdOf(1));
  const Op heal(lrc_heal(driver.account(), "main", nullptr, 0, Lend(kPin)));
  const lrc_result healed = driver.Result(heal.get());
  ASSERT_EQ(healed.outcome, LRC_OUTCOME_SEALED) << healed.message;
  EXPECT_EQ(healed.version, 2U);
  EXPECT_EQ(healed.complete, 1);
  lrc_realm_report report;
  ASSERT_EQ(lrc_op_realm(heal.get(), 1, &report), 1);
  EXPECT_EQ(report.condition, LRC_REALM_GOOD);
  EXPECT_EQ(driver.signers.size(), 4U) << "the device signed where the old version was gone";
  const Op op = RecoverOf(driver, kPin);
  EXPECT_EQ(SecretOf(driver.Result(op.get())), kSecret);
}

TEST(CLibrary, ARecoveryMaySignAndMayBeGone) {
  Driver driver;
  SealAt(driver);
  driver.signers.clear();
  Op recovery = RecoverOf(driver, kPin);
  ASSERT_EQ(driver.Result(recovery.get()).outcome, LRC_OUTCOME_RECOVERED);
  const Op seal = SealOf(driver, recovery.get());
  recovery.reset();
  EXPECT_EQ(driver.Result(seal.get()).version, 2U);
  EXPECT_TRUE(driver.signers.empty()) << "unlock keys sign inside";
}

TEST(CLibrary, StatusHasTheVersions) {
  Driver driver;
  SealAt(driver);
  const Op op(lrc_status(driver.account(), "main", nullptr));
  const lrc_result result = driver.Result(op.get());
  EXPECT_EQ(result.outcome, LRC_OUTCOME_DONE);
  EXPECT_EQ(result.version, 1U);
  EXPECT_EQ(result.tries_left, 5U);
  lrc_version version;
  ASSERT_EQ(lrc_op_version(op.get(), 0, 0, &version), 1);
  EXPECT_EQ(version.version, 1U);
  EXPECT_EQ(version.remaining, 5);
  EXPECT_EQ(version.pending, 0);
  EXPECT_EQ(lrc_op_version(op.get(), 0, 1, &version), 0);
  EXPECT_EQ(lrc_op_version(op.get(), 7, 0, &version), 0);
  lrc_floor floor;
  EXPECT_EQ(lrc_op_floor(op.get(), 0, &floor), 0);
}

TEST(CLibrary, WhoMakesAnAccountHearsWhatCannotBeRight) {
  Driver driver;
  const lrc_options good = driver.Options();
  lrc_realm twice[] = {good.realms[0], good.realms[0]};
  const Bytes short_id(15, 1);
  lrc_realm odd[] = {{Lend(short_id), "odd", {}}};
  struct {
    const char* what;
    void (*change)(lrc_options&, const lrc_realm*, const lrc_realm*);
  } const rows[] = {
      {"another header", [](lrc_options& o, auto, auto) { o.abi = LRC_ABI + 1; }},
      {"no tenant", [](lrc_options& o, auto, auto) { o.tenant = nullptr; }},
      {"no account", [](lrc_options& o, auto, auto) { o.account = ""; }},
      {"no realm", [](lrc_options& o, auto, auto) { o.realm_count = 0; }},
      {"a realm twice", [](lrc_options& o, auto two, auto) { o.realms = two, o.realm_count = 2; }},
      {"a short id", [](lrc_options& o, auto, auto one) { o.realms = one, o.realm_count = 1; }},
      {"a short Name",
       [](lrc_options& o, auto two, auto) {
         static lrc_realm realm;
         realm = *two;
         realm.ak_name = realm.id;
         o.realms = &realm, o.realm_count = 1;
       }},
      {"no key", [](lrc_options& o, auto, auto) { o.device_public_key.size = 90; }},
      {"a proof by nobody",
       [](lrc_options& o, auto, auto) {
         static const lrc_proof proof{};
         o.proof = &proof;
       }},
  };
  for (const auto& row : rows) {
    lrc_options options = good;
    row.change(options, twice, odd);
    lrc_account* account = nullptr;
    EXPECT_EQ(lrc_account_new(&options, &account), LRC_INVALID_ARGUMENT) << row.what;
    EXPECT_EQ(account, nullptr);
  }
}

void ExpectInvalid(Driver& driver, lrc_op* made, const char* what) {
  const Op op(made);
  const lrc_result result = driver.Result(op.get());
  EXPECT_EQ(result.outcome, LRC_OUTCOME_FAILED) << what;
  EXPECT_EQ(result.failure, LRC_FAILURE_INVALID) << what << ": " << result.message;
  EXPECT_NE(std::string(result.message), "") << what;
}

TEST(CLibrary, WhatIsWrongWithAnOperationIsItsResult) {
  Driver driver;
  lrc_account* account = driver.account();
  const Bytes few(15, 1);
  ExpectInvalid(driver, lrc_recover(account, nullptr, nullptr, Lend(kPin)), "no record");
  ExpectInvalid(driver, lrc_recover(account, "a/b", nullptr, Lend(kPin)), "no name of a record");
  ExpectInvalid(driver, lrc_seal(account, "main", nullptr, Lend(kPin), {}, nullptr), "no secret");
  ExpectInvalid(driver, lrc_revoke(account, Lend(few), nullptr), "a short id");
  ExpectInvalid(driver, lrc_raise_floor(account, "main", 1, Lend(few)), "a short digest");
  ExpectInvalid(driver, lrc_enroll(account, "phone", Lend(few), nullptr), "a short id of who vouches");
  ExpectInvalid(driver, lrc_attest(account), "no proof demanded");
  lrc_options options = driver.Options();
  options.device_public_key = {};
  lrc_account* nobody = nullptr;
  ASSERT_EQ(lrc_account_new(&options, &nobody), LRC_OK);
  ExpectInvalid(driver, lrc_delete(nobody, "main", nullptr), "nobody signs");
  ExpectInvalid(driver, lrc_enroll(nobody, "phone", {}, nullptr), "no key to enrol");
  lrc_account_free(nobody);
  EXPECT_EQ(driver.log, "");

  const Op wrong = RecoverOf(driver, kWrong);
  const Op by_nothing(lrc_delete(account, "main", wrong.get()));
  EXPECT_EQ(driver.Result(by_nothing.get()).code, LRC_FAILED_PRECONDITION) << "it has recovered nothing yet";
}

// Full-width digits and Arabic ones are what another keyboard gives for the same PIN.
TEST(CLibrary, WhatIsTypedBecomesThePinThatAllClientsSend) {
  Driver driver;
  SealAt(driver);
  constexpr std::string_view kFullWidth = "\uFF14\uFF19\uFF13\uFF18\uFF11\uFF17";
  constexpr std::string_view kArabic = "\u0664\u0669\u0663\u0668\u0661\u0667";
  for (const std::string_view typed : {kFullWidth, kArabic}) {
    const Op op = RecoverOf(driver, typed);
    EXPECT_EQ(SecretOf(driver.Result(op.get())), kSecret) << typed;
  }
  const Op change(lrc_change_pin(driver.account(), "main", nullptr, 0, Lend(kArabic), Lend("\u0062\u0308")));
  ASSERT_EQ(driver.Result(change.get()).outcome, LRC_OUTCOME_SEALED);
  const Op heal(lrc_heal(driver.account(), "main", nullptr, 0, Lend("b\u0308")));
  EXPECT_EQ(driver.Result(heal.get()).outcome, LRC_OUTCOME_SEALED);
}

TEST(CLibrary, AnImpossiblePinIsRefusedBeforeAnythingIsAsked) {
  Driver driver;
  lrc_account* account = driver.account();
  for (const std::string_view typed : {"", "12\r",
                                       "\xEF\xBB\xBF"
                                       "12",
                                       "\xFF", "\x1B[A", "1\u202E2"}) {
    const lrc_bytes pin = Lend(typed);
    ExpectInvalid(driver, lrc_recover(account, "main", nullptr, pin), "recover");
    ExpectInvalid(driver, lrc_seal(account, "main", nullptr, pin, Lend(kSecret), nullptr), "seal");
    ExpectInvalid(driver, lrc_change_pin(account, "main", nullptr, 0, pin, Lend(kPin)), "the old PIN");
    ExpectInvalid(driver, lrc_change_pin(account, "main", nullptr, 0, Lend(kPin), pin), "the new PIN");
    ExpectInvalid(driver, lrc_heal(account, "main", nullptr, 0, pin), "heal");
    uint8_t room[4];
    size_t size = 9;
    EXPECT_EQ(lrc_pin(pin, room, sizeof room, &size), LRC_INVALID_ARGUMENT);
    EXPECT_EQ(size, 0U);
  }
  EXPECT_EQ(driver.log, "");
}

TEST(CLibrary, ThePinIsShownWhereThereIsRoom) {
  uint8_t room[8] = {};
  size_t size = 0;
  EXPECT_EQ(lrc_pin(Lend("\uFF14\uFF19"), room, 1, &size), LRC_OK);
  EXPECT_EQ(size, 2U);
  EXPECT_EQ(room[0], 0) << "it does not fit";
  EXPECT_EQ(lrc_pin(Lend("\uFF14\uFF19"), room, 2, &size), LRC_OK);
  EXPECT_EQ(ToString(ByteView(room, size)), "49");
}

TEST(CLibrary, AnErrorOfAnotherHttpServerIsNoneOfARealm) {
  EXPECT_EQ(lrc_connect_code(404, Lend(R"({"code":"not_found","message":"no record"})")), LRC_NOT_FOUND);
  EXPECT_EQ(lrc_connect_code(404, Lend("<html>")), LRC_UNIMPLEMENTED);
  EXPECT_EQ(lrc_connect_code(500, Lend(R"({"code":"ok"})")), LRC_UNKNOWN) << "an error is none by its word";
  EXPECT_EQ(lrc_connect_code(503, {}), LRC_UNAVAILABLE);
  EXPECT_EQ(lrc_connect_code(200, {}), LRC_OK);
  const std::string huge = R"({"code":"not_found","message":")" + std::string(70'000, 'x') + "\"}";
  EXPECT_EQ(lrc_connect_code(500, Lend(huge)), LRC_UNKNOWN);
  EXPECT_EQ(lrc_grpc_code(200, "5"), LRC_NOT_FOUND);
  EXPECT_EQ(lrc_grpc_code(200, nullptr), LRC_UNKNOWN) << "a stream that broke is no success";
  EXPECT_EQ(lrc_grpc_code(503, nullptr), LRC_UNAVAILABLE);
  EXPECT_EQ(lrc_grpc_code(200, "17"), LRC_UNKNOWN);
}

TEST(CLibrary, ATokenForAnotherRealmIsNotSent) {
  Driver driver;
  driver.same_token_everywhere = true;
  const Op op(lrc_status(driver.account(), "main", nullptr));
  driver.Result(op.get());
  lrc_realm_report report;
  ASSERT_EQ(lrc_op_realm(op.get(), 1, &report), 1);
  EXPECT_EQ(report.condition, LRC_REALM_REFUSED);
  EXPECT_EQ(report.code, LRC_INVALID_ARGUMENT) << report.message;
  EXPECT_THAT(driver.log, Not(HasSubstr("TOKEN!")));
  EXPECT_THAT(driver.log, Not(HasSubstr("1GetRecord")));
}

TEST(CLibrary, ASignatureOfNoFormIsNotSent) {
  Driver driver;
  driver.form = SignatureForm::kNonsense;
  const Op seal = SealOf(driver);
  EXPECT_EQ(driver.Result(seal.get()).outcome, LRC_OUTCOME_FAILED);
  EXPECT_THAT(driver.log, Not(HasSubstr("FinishRegistration")));
}

TEST(CLibrary, WhoHasNotProvenItselfIsAskedForNothingElse) {
  Driver driver;
  lrc_options options = driver.Options();
  const Bytes certificate = {0x30, 0x00};
  const lrc_bytes anchor = Lend(certificate);
  lrc_proof proof{};
  proof.anchors = &anchor;
  proof.anchor_count = 1;
  options.proof = &proof;
  lrc_account* account = nullptr;
  ASSERT_EQ(lrc_account_new(&options, &account), LRC_OK);
  const Op op(lrc_recover(account, "main", nullptr, Lend(kPin)));
  lrc_account_free(account);  // the operation keeps what it needs
  const lrc_result result = driver.Result(op.get());
  EXPECT_EQ(result.outcome, LRC_OUTCOME_FAILED);
  for (const char* method : {"GetRecord", "GetChallenge", "Evaluate"}) {
    EXPECT_THAT(driver.log, Not(HasSubstr(method)));
  }
  EXPECT_THAT(driver.log, HasSubstr("0GetRealm"));
}

TEST(CLibrary, MayEndAtAnyStep) {
  for (const bool cancel : {false, true}) {
    for (int turns = 0;; ++turns) {
      Driver driver;
      const Op op = SealOf(driver);
      if (driver.Drive(op.get(), turns)) break;
      lrc_result result;
      EXPECT_EQ(lrc_op_result(op.get(), &result), 0) << "it is under way";
      if (!cancel) continue;
      lrc_op_cancel(op.get());
      EXPECT_TRUE(driver.Drive(op.get(), 100));
      ASSERT_EQ(lrc_op_result(op.get(), &result), 1);
      if (result.outcome == LRC_OUTCOME_SEALED) continue;  // it was, and what was left is done later
      EXPECT_EQ(result.outcome, LRC_OUTCOME_FAILED);
      EXPECT_EQ(result.failure, LRC_FAILURE_CANCELLED) << result.message;
    }
  }
}

TEST(CLibrary, AJobOutlivesItsOperation) {
  Driver driver;
  for (const bool run : {true, false}) {
    Op op = SealOf(driver);
    lrc_step step;
    lrc_op_next(op.get(), 0, &step);
    ASSERT_EQ(step.kind, LRC_STEP_WORK);
    op.reset();
    if (run) {
      lrc_job_run(step.job);
    } else {
      lrc_job_free(step.job);
    }
  }
}

TEST(CLibrary, AnAnswerThatNobodyWaitsForChangesNothing) {
  Driver driver;
  SealAt(driver);
  const Op op = RecoverOf(driver, kPin);
  const lrc_reply lie = {LRC_NOT_FOUND, {}, nullptr, -1, {}};
  for (const uint32_t id : {0U, 1U, 77U}) lrc_op_reply(op.get(), id, &lie);
  EXPECT_EQ(driver.Result(op.get()).outcome, LRC_OUTCOME_RECOVERED);
  lrc_op_reply(op.get(), 1, &lie);
  lrc_op_cancel(op.get());
  lrc_result result;
  ASSERT_EQ(lrc_op_result(op.get(), &result), 1);
  EXPECT_EQ(SecretOf(result), kSecret);
  lrc_op_free(nullptr);
  lrc_account_free(nullptr);
}

TEST(CLibrary, TheAbiIsTheHeaders) {
  EXPECT_EQ(lrc_abi(), LRC_ABI);
}

}  // namespace
}  // namespace labrec::recovery::client::c
