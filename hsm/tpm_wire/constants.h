#pragma once

#include <cstdint>

// Numbers of the TPM 2.0 Library Specification that the verifier needs, in the specification's own names.
// They stand here because this folder links no TSS.
namespace labrec::tpm {

// Part 2, section 6.3, TPM_ALG_ID.
inline constexpr uint16_t kAlgRsa = 0x0001;
inline constexpr uint16_t kAlgHmac = 0x0005;
inline constexpr uint16_t kAlgAes = 0x0006;
inline constexpr uint16_t kAlgKeyedHash = 0x0008;
inline constexpr uint16_t kAlgSha1 = 0x0004;
inline constexpr uint16_t kAlgSha256 = 0x000B;
inline constexpr uint16_t kAlgSha384 = 0x000C;
inline constexpr uint16_t kAlgSha512 = 0x000D;
inline constexpr uint16_t kAlgNull = 0x0010;
inline constexpr uint16_t kAlgRsaSsa = 0x0014;
inline constexpr uint16_t kAlgRsaEs = 0x0015;
inline constexpr uint16_t kAlgRsaPss = 0x0016;
inline constexpr uint16_t kAlgOaep = 0x0017;
inline constexpr uint16_t kAlgEcdsa = 0x0018;
inline constexpr uint16_t kAlgEcdh = 0x0019;
inline constexpr uint16_t kAlgKdf1Sp80056a = 0x0020;
inline constexpr uint16_t kAlgKdf1Sp800108 = 0x0022;
inline constexpr uint16_t kAlgEcc = 0x0023;
inline constexpr uint16_t kAlgCfb = 0x0043;

// Part 2, section 6.4, TPM_ECC_CURVE.
inline constexpr uint16_t kCurveP256 = 0x0003;
inline constexpr uint16_t kCurveP384 = 0x0004;
inline constexpr uint16_t kCurveP521 = 0x0005;

// Part 2, section 6.5.2, TPM_CC.
inline constexpr uint32_t kCcNvWrite = 0x00000137;
inline constexpr uint32_t kCcPolicyNv = 0x00000149;
inline constexpr uint32_t kCcPolicySecret = 0x00000151;
inline constexpr uint32_t kCcEcdhZGen = 0x00000154;
inline constexpr uint32_t kCcPolicySigned = 0x00000160;
inline constexpr uint32_t kCcPolicyAuthorize = 0x0000016A;
inline constexpr uint32_t kCcPolicyAuthValue = 0x0000016B;
inline constexpr uint32_t kCcPolicyCommandCode = 0x0000016C;
inline constexpr uint32_t kCcPolicyOr = 0x00000171;
inline constexpr uint32_t kCcPolicyPcr = 0x0000017F;
inline constexpr uint32_t kCcPolicyAuthorizeNv = 0x00000192;

// Part 2, section 6.2, TPM_GENERATED_VALUE ("\xffTCG"): only the TPM makes a restricted key sign what begins
// with it.
inline constexpr uint32_t kGeneratedValue = 0xFF544347;

// Part 2, section 6.9, TPM_ST.
inline constexpr uint16_t kStAttestNv = 0x8014;
inline constexpr uint16_t kStAttestCertify = 0x8017;
inline constexpr uint16_t kStAttestQuote = 0x8018;
inline constexpr uint16_t kStAttestCreation = 0x801A;

// Part 2, section 7.4, TPM_RH.
inline constexpr uint32_t kRhOwner = 0x40000001;
inline constexpr uint32_t kRhEndorsement = 0x4000000B;

// Part 2, section 8.3, TPMA_OBJECT.
inline constexpr uint32_t kObjectFixedTpm = 1U << 1;
inline constexpr uint32_t kObjectStClear = 1U << 2;
inline constexpr uint32_t kObjectFixedParent = 1U << 4;
inline constexpr uint32_t kObjectSensitiveDataOrigin = 1U << 5;
inline constexpr uint32_t kObjectUserWithAuth = 1U << 6;
inline constexpr uint32_t kObjectAdminWithPolicy = 1U << 7;
inline constexpr uint32_t kObjectNoDa = 1U << 10;
inline constexpr uint32_t kObjectEncryptedDuplication = 1U << 11;
inline constexpr uint32_t kObjectRestricted = 1U << 16;
inline constexpr uint32_t kObjectDecrypt = 1U << 17;
inline constexpr uint32_t kObjectSign = 1U << 18;
inline constexpr uint32_t kObjectX509Sign = 1U << 19;

// Part 2, section 13.4, TPMA_NV.
inline constexpr uint32_t kNvPolicyWrite = 1U << 3;
inline constexpr uint32_t kNvTypeShift = 4;
inline constexpr uint32_t kNvTypeMask = 0xFU << kNvTypeShift;
inline constexpr uint32_t kNvWriteAll = 1U << 12;
inline constexpr uint32_t kNvOwnerRead = 1U << 17;
inline constexpr uint32_t kNvNoDa = 1U << 25;
inline constexpr uint32_t kNvWritten = 1U << 29;
inline constexpr uint32_t kNvReserved = 0x01F00300;  // bits that are zero

// Part 2, section 13.2, TPM_NT.
inline constexpr uint32_t kNtPinPass = 0x9;

// Part 2, section 7.2, TPM_HT: an NV index's handle begins with this byte.
inline constexpr uint32_t kNvHandleFirst = 0x01000000;
inline constexpr uint32_t kNvHandleLast = 0x01FFFFFF;

}  // namespace labrec::tpm
