#include "hsm/open_device.h"

#include <gtest/gtest.h>

#include "tests/contract/swtpm_device.h"

namespace labrec::hsm {
namespace {

TEST(OpenDevice, GoesToTheTpm) {
  const auto dut = contract::StartSwtpmDevice();
  ASSERT_NE(dut, nullptr);
  const auto probe = ProbeDevice(dut->address(), {});
  ASSERT_TRUE(probe.ok()) << probe.status();
  EXPECT_TRUE(probe->Suffices());
  EXPECT_EQ(probe->description.kind, "tpm2");
  const auto state = ProvisionDevice(dut->address(), dut->Options({}, ToBytes("contract-realm-1")));
  ASSERT_TRUE(state.ok()) << state.status();
  {
    const auto device = OpenDevice(dut->address(), *state, dut->authorization());
    ASSERT_TRUE(device.ok()) << device.status();
    EXPECT_EQ((*device)->description().kind, "tpm2");
  }
  EXPECT_TRUE(DeprovisionDevice(dut->address(), *state, dut->authorization(), SecretBytes()).ok());
  EXPECT_FALSE(OpenDevice(dut->address(), *state, dut->authorization()).ok());
}

TEST(OpenDevice, AMissingFindingDoesNotSuffice) {
  ProbeReport report;
  EXPECT_TRUE(report.Suffices());
  report.findings = {{"one", true, ""}, {"another", false, "buy one"}, {"a third", true, ""}};
  EXPECT_FALSE(report.Suffices());
}

TEST(OpenDevice, AddressesThatMakeNoSense) {
  for (const char* uri :
       {"", "tpm2", "tpm2:", "tpm2:no-such-tcti:x", "pkcs11:", "softhsm:x", "/dev/tpm0", "TPM2:x"}) {
    const absl::Status refused = ProbeDevice({uri}, {}).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << uri << ": " << refused;
    EXPECT_TRUE(absl::IsInvalidArgument(OpenDevice({uri}, {}, SecretBytes()).status())) << uri;
  }
}

TEST(OpenDevice, ATokenHasNoPcrsToBindKeysTo) {
  const DeviceAddress token{"pkcs11:token=realm?module-path=/nonexistent/module.so"};
  const PcrSelection pcrs = *PcrSelection::Parse("sha256:7");
  ProvisionOptions options;
  options.realm_id = ToBytes("contract-realm-1");
  options.pcr_binding = PcrBinding{pcrs, EcdsaPrivateKey::Generate().public_key()};
  for (const absl::Status& refused :
       {ProvisionDevice(token, options).status(), ReadPcrs(token, pcrs).status()}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
    EXPECT_NE(refused.message().find("has no PCRs"), absl::string_view::npos) << refused;
  }
  EXPECT_FALSE(PcrBindingOf(token, {"{}"})->has_value());
}

TEST(OpenDevice, NoTpmThere) {
  for (const char* uri : {"tpm2:swtpm:path=/nonexistent/socket", "tpm2:device:/nonexistent/tpm0"}) {
    const absl::Status refused = ProbeDevice({uri}, {}).status();
    EXPECT_TRUE(absl::IsUnavailable(refused)) << uri << ": " << refused;
  }
}

}  // namespace
}  // namespace labrec::hsm
