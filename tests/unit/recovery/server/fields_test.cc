#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/cord.h"

#include "hsm/base/ecdsa.h"
#include "recovery/server/service/request_fields.h"
#include "recovery/server/service/rpc_status.h"

namespace labrec::recovery {
namespace {

namespace v1 = ::labyrinth::recovery::v1;
using testing::HasSubstr;

std::string GoodElement() {
  return ToString(P256Point::Generator().Compressed());
}

// The message of the refusal of these elements.
std::string RefusalOfElements(const std::vector<std::string>& elements) {
  v1::EvaluateRequest request;
  for (const std::string& element : elements) request.add_elements(element);
  const auto points = ElementsField(request.elements(), 1, 2);
  EXPECT_FALSE(points.ok());
  EXPECT_TRUE(absl::IsInvalidArgument(points.status()));
  return std::string(points.status().message());
}

TEST(Elements, GoodOnes) {
  v1::EvaluateRequest request;
  request.add_elements(GoodElement());
  const auto points = ElementsField(request.elements(), 1, 1);
  ASSERT_TRUE(points.ok()) << points.status();
  EXPECT_EQ(points->front(), P256Point::Generator());
}

TEST(Elements, TheIdentity) {
  EXPECT_THAT(RefusalOfElements({std::string(1, '\0')}), HasSubstr("elements[0]: is the identity"));
}

TEST(Elements, OffTheCurve) {
  // About half of all x belong to no point.
  int off = 0;
  for (uint8_t x = 1; x < 20; ++x) {
    std::string element(33, '\0');
    element[0] = 2;
    element[32] = static_cast<char>(x);
    v1::EvaluateRequest request;
    request.add_elements(element);
    const auto points = ElementsField(request.elements(), 1, 1);
    if (points.ok()) continue;
    ++off;
    EXPECT_THAT(std::string(points.status().message()),
                HasSubstr("elements[0]: the point is not on the curve"));
  }
  EXPECT_GT(off, 0);
}

TEST(Elements, NumbersAndForms) {
  EXPECT_THAT(RefusalOfElements({}), HasSubstr("elements: 0 of them"));
  EXPECT_THAT(RefusalOfElements({GoodElement(), GoodElement(), GoodElement()}),
              HasSubstr("elements: 3 of them"));
  EXPECT_THAT(RefusalOfElements({GoodElement(), ""}), HasSubstr("elements[1]"));
  EXPECT_THAT(RefusalOfElements({GoodElement() + "x"}), HasSubstr("elements[0]"));
  EXPECT_THAT(RefusalOfElements({ToString(P256Point::Generator().Uncompressed())}), HasSubstr("elements[0]"));
  std::string prefix = GoodElement();
  prefix[0] = 4;
  EXPECT_THAT(RefusalOfElements({prefix}), HasSubstr("elements[0]"));
}

TEST(Fields, Sizes) {
  EXPECT_FALSE(FixedField("x", "12", 3).ok());
  EXPECT_TRUE(FixedField("x", "123", 3).ok());
  EXPECT_FALSE(BoundedField("x", "", 3).ok());
  EXPECT_TRUE(BoundedField("x", "123", 3).ok());
  EXPECT_FALSE(BoundedField("x", "1234", 3).ok());
  EXPECT_FALSE(VersionField(0).ok());
  EXPECT_FALSE(RecordField("").ok());
  EXPECT_FALSE(RecordField("a/b").ok());
  EXPECT_FALSE(RecordField(std::string(65, 'a')).ok());
  EXPECT_TRUE(RecordField(std::string(64, 'a')).ok());
  EXPECT_FALSE(DeviceNameField(std::string(65, 'a')).ok());
  EXPECT_FALSE(DeviceNameField("\xff").ok());
}

v1::Signature GoodSignature() {
  v1::Signature signature;
  signature.set_challenge(std::string(32, 'c'));
  signature.set_device_id(std::string(16, 'd'));
  signature.set_signature(std::string(64, 's'));
  return signature;
}

TEST(Signatures, Forms) {
  EXPECT_TRUE(RequiredSignature(true, GoodSignature()).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(RequiredSignature(false, {}).status()));
  v1::Signature changed = GoodSignature();
  changed.set_challenge("short");
  EXPECT_TRUE(absl::IsInvalidArgument(RequiredSignature(true, changed).status()));
  changed = GoodSignature();
  changed.set_signature(std::string(65, 's'));
  EXPECT_TRUE(absl::IsInvalidArgument(RequiredSignature(true, changed).status()));
  changed = GoodSignature();
  changed.clear_signer();
  EXPECT_TRUE(absl::IsInvalidArgument(RequiredSignature(true, changed).status()));
  changed.mutable_unlock_key()->set_record("r");
  EXPECT_TRUE(absl::IsInvalidArgument(RequiredSignature(true, changed).status())) << "version 0";
  changed.mutable_unlock_key()->set_version(1);
  const auto signature = RequiredSignature(true, changed);
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_EQ(std::get<1>(signature->signer).first, "r");
}

v1::FinishRegistrationRequest GoodRegistration() {
  v1::FinishRegistrationRequest request;
  request.set_record("r");
  request.set_version(1);
  request.set_registration_id(std::string(16, 'r'));
  request.set_config("config");
  request.set_commitment(std::string(32, 'c'));
  request.set_unlock_public_key(ToString(EcdsaPublicKey::FromPoint(P256Point::Generator()).Spki()));
  request.set_sealed_secret("sealed");
  *request.mutable_authorization() = GoodSignature();
  return request;
}

TEST(Registration, EachFieldIsChecked) {
  ASSERT_TRUE(RegistrationField(GoodRegistration()).ok());
  const std::pair<const char*, void (*)(v1::FinishRegistrationRequest&)> breakages[] = {
      {"record", [](auto& r) { r.set_record("ä"); }},
      {"version", [](auto& r) { r.clear_version(); }},
      {"registration_id", [](auto& r) { r.set_registration_id("x"); }},
      {"config", [](auto& r) { r.set_config(std::string(8193, 'c')); }},
      {"config", [](auto& r) { r.clear_config(); }},
      {"commitment", [](auto& r) { r.set_commitment(std::string(31, 'c')); }},
      {"unlock_public_key", [](auto& r) { r.mutable_unlock_public_key()->back() ^= 1; }},
      {"unlock_public_key", [](auto& r) { r.mutable_unlock_public_key()->push_back(0); }},
      {"sealed_secret", [](auto& r) { r.set_sealed_secret(std::string(2049, 's')); }},
      {"authorization", [](auto& r) { r.clear_authorization(); }},
  };
  for (const auto& [field, breakage] : breakages) {
    v1::FinishRegistrationRequest request = GoodRegistration();
    breakage(request);
    const auto parsed = RegistrationField(request);
    ASSERT_FALSE(parsed.ok()) << field;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(field));
  }
}

TEST(RpcStatus, InternalsStayInside) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kInternal, absl::StatusCode::kUnknown, absl::StatusCode::kNotFound,
        absl::StatusCode::kPermissionDenied, absl::StatusCode::kFailedPrecondition,
        absl::StatusCode::kInvalidArgument, absl::StatusCode::kResourceExhausted, absl::StatusCode::kAborted,
        absl::StatusCode::kAlreadyExists, absl::StatusCode::kUnimplemented}) {
    const absl::Status told = ForClients(absl::Status(code, "row 12 of /var/lib"));
    EXPECT_EQ(told.code(), absl::StatusCode::kInternal)
        << "what a file or a device calls so is none of theirs";
    EXPECT_THAT(std::string(told.message()), testing::Not(HasSubstr("/var/lib")));
  }
  const absl::Status damaged = ForClients(absl::DataLossError("row 12 of bucket 3: put the copy back"));
  EXPECT_TRUE(absl::IsDataLoss(damaged));
  EXPECT_THAT(std::string(damaged.message()), testing::Not(HasSubstr("bucket")));
  EXPECT_EQ(ToRpcStatus(damaged).error_code(), grpc::StatusCode::DATA_LOSS);
}

TEST(RpcStatus, OfADeviceClientsHearOnlyThatItIsAway) {
  const absl::Status told = ForClients(absl::UnavailableError("connect to /run/tpm: refused"));
  EXPECT_TRUE(absl::IsUnavailable(told));
  EXPECT_THAT(std::string(told.message()), testing::Not(HasSubstr("/run/tpm")));
  EXPECT_THAT(std::string(told.message()), HasSubstr("send the same again"));

  const absl::Status own = InOwnWords(absl::UnavailableError("nothing was done"));
  EXPECT_EQ(ForClients(own), own);
  const absl::Status refused = Refused(refusal::kStopping, absl::UnavailableError("stopping"));
  EXPECT_EQ(ForClients(refused), refused);
  const absl::Status other = InOwnWords(absl::NotFoundError("no such record"));
  EXPECT_EQ(ForClients(other), other);
  EXPECT_TRUE(ForClients(absl::OkStatus()).ok());
  EXPECT_TRUE(InOwnWords(absl::OkStatus()).ok());
}

TEST(RpcStatus, WhenToComeBack) {
  EXPECT_FALSE(RetryAfterMillis(absl::InvalidArgumentError("")));
  EXPECT_GT(RetryAfterMillis(absl::UnavailableError("")), 0);
  absl::Status busy = absl::ResourceExhaustedError("");
  EXPECT_GT(RetryAfterMillis(busy), 0);
  busy.SetPayload(kRetryAfter, absl::Cord("17"));
  EXPECT_EQ(RetryAfterMillis(busy), 17);
}

}  // namespace
}  // namespace labrec::recovery
