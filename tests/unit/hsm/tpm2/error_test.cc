#include "hsm/tpm2/link/error.h"

#include <gtest/gtest.h>
#include <tss2/tss2_common.h>
#include <tss2/tss2_tpm2_types.h>

namespace labrec::hsm::tpm2 {
namespace {

using absl::StatusCode;

struct Case {
  uint32_t rc;
  StatusCode status;
  Damage damage;
};

constexpr Case kCases[] = {
    {TPM2_RC_RETRY, StatusCode::kUnavailable, Damage::kNone},
    {TPM2_RC_YIELDED, StatusCode::kUnavailable, Damage::kNone},
    {TPM2_RC_TESTING, StatusCode::kUnavailable, Damage::kNone},
    {TPM2_RC_CANCELED, StatusCode::kUnavailable, Damage::kNone},
    {TPM2_RC_NV_RATE, StatusCode::kUnavailable, Damage::kNone},
    {TPM2_RC_NV_UNAVAILABLE, StatusCode::kUnavailable, Damage::kNone},
    {TPM2_RC_LOCKOUT, StatusCode::kResourceExhausted, Damage::kNone},
    {TPM2_RC_OBJECT_MEMORY, StatusCode::kResourceExhausted, Damage::kNone},
    {TPM2_RC_SESSION_MEMORY, StatusCode::kResourceExhausted, Damage::kNone},
    {TPM2_RC_NV_SPACE, StatusCode::kResourceExhausted, Damage::kNone},
    {TPM2_RC_NV_DEFINED, StatusCode::kAlreadyExists, Damage::kNone},
    {TPM2_RC_NV_UNINITIALIZED, StatusCode::kFailedPrecondition, Damage::kNone},
    {TPM2_RC_COMMAND_CODE, StatusCode::kUnimplemented, Damage::kNone},
    {TPM2_RC_INITIALIZE, StatusCode::kUnavailable, Damage::kObjectsLost},
    {TPM2_RC_REFERENCE_H0, StatusCode::kUnavailable, Damage::kObjectsLost},
    {TPM2_RC_REFERENCE_H2, StatusCode::kUnavailable, Damage::kObjectsLost},
    {TPM2_RC_REFERENCE_S0, StatusCode::kUnavailable, Damage::kObjectsLost},
    {TPM2_RC_REFERENCE_S6, StatusCode::kUnavailable, Damage::kObjectsLost},
    {TPM2_RC_FAILURE, StatusCode::kUnavailable, Damage::kBroken},
    // Format one codes, about session 1, handle 1 and parameter 2.
    {TPM2_RC_AUTH_FAIL | TPM2_RC_S | TPM2_RC_1, StatusCode::kPermissionDenied, Damage::kObjectsLost},
    {TPM2_RC_BAD_AUTH | TPM2_RC_S | TPM2_RC_1, StatusCode::kPermissionDenied, Damage::kObjectsLost},
    {TPM2_RC_HANDLE | TPM2_RC_H | TPM2_RC_1, StatusCode::kFailedPrecondition, Damage::kNone},
    {TPM2_RC_HANDLE | TPM2_RC_S | TPM2_RC_1, StatusCode::kUnavailable, Damage::kObjectsLost},
    {TPM2_RC_INTEGRITY | TPM2_RC_P | TPM2_RC_1, StatusCode::kFailedPrecondition, Damage::kNone},
    {TPM2_RC_ECC_POINT | TPM2_RC_P | TPM2_RC_2, StatusCode::kInvalidArgument, Damage::kNone},
    {TPM2_RC_VALUE | TPM2_RC_P | TPM2_RC_2, StatusCode::kInternal, Damage::kNone},
    // A resource manager passes the TPM's codes on under a layer of its own.
    {TSS2_RESMGR_TPM_RC_LAYER | TPM2_RC_NV_RATE, StatusCode::kUnavailable, Damage::kNone},
    {TSS2_RESMGR_TPM_RC_LAYER | TPM2_RC_REFERENCE_H1, StatusCode::kUnavailable, Damage::kObjectsLost},
    // The software stack.
    {TSS2_TCTI_RC_LAYER | TSS2_BASE_RC_IO_ERROR, StatusCode::kUnavailable, Damage::kBroken},
    {TSS2_TCTI_RC_LAYER | TSS2_BASE_RC_NO_CONNECTION, StatusCode::kUnavailable, Damage::kBroken},
    {TSS2_TCTI_RC_LAYER | TSS2_BASE_RC_TRY_AGAIN, StatusCode::kUnavailable, Damage::kBroken},
    {TSS2_ESAPI_RC_LAYER | TSS2_BASE_RC_RSP_AUTH_FAILED, StatusCode::kDataLoss, Damage::kBroken},
    {TSS2_SYS_RC_LAYER | TSS2_BASE_RC_MALFORMED_RESPONSE, StatusCode::kDataLoss, Damage::kBroken},
    {TSS2_ESAPI_RC_LAYER | TSS2_BASE_RC_BAD_TR, StatusCode::kInternal, Damage::kBroken},
};

TEST(TpmError, Table) {
  for (const Case& c : kCases) {
    EXPECT_EQ(TpmStatus("TPM2_Something", c.rc).code(), c.status) << std::hex << c.rc;
    EXPECT_EQ(DamageOf(c.rc), c.damage) << std::hex << c.rc;
  }
}

TEST(TpmError, SuccessIsOk) {
  EXPECT_TRUE(TpmStatus("TPM2_Something", 0).ok());
  EXPECT_EQ(DamageOf(0), Damage::kNone);
}

TEST(TpmError, NoOtherCodeIsOk) {
  for (uint32_t rc = 1; rc < 0x1000; ++rc) EXPECT_FALSE(TpmStatus("TPM2_Something", rc).ok()) << rc;
}

TEST(TpmError, SaysOperationNameAndRawCode) {
  const std::string text(TpmStatus("TPM2_NV_Increment", TPM2_RC_NV_RATE).message());
  EXPECT_NE(text.find("TPM2_NV_Increment"), std::string::npos) << text;
  EXPECT_NE(text.find("TPM_RC_NV_RATE"), std::string::npos) << text;
  EXPECT_NE(text.find("0x920"), std::string::npos) << text;
}

TEST(TpmError, BaseCodeDropsLayerAndNumber) {
  EXPECT_EQ(BaseCode(0x98E), TPM2_RC_AUTH_FAIL);  // session 1
  EXPECT_EQ(BaseCode(0x18E), TPM2_RC_AUTH_FAIL);  // handle 1
  EXPECT_EQ(BaseCode(0x2C4), TPM2_RC_VALUE);      // parameter 2
  EXPECT_EQ(BaseCode(0x14B), TPM2_RC_NV_SPACE);   // format zero keeps all its bits
  EXPECT_EQ(BaseCode(0xA000A), TSS2_BASE_RC_IO_ERROR);
}

}  // namespace
}  // namespace labrec::hsm::tpm2
