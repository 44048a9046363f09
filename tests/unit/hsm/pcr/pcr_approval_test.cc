#include "hsm/pcr/pcr_approval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/pcr/approval_folder.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::attestation {
namespace {

using testing::HasSubstr;

hsm::PcrValues Values(uint8_t of_seven) {
  return {*labrec::PcrSelection::Parse("sha256:0,2,7+sha384:10"),
          {Bytes(32, 1), Bytes(32, 2), Bytes(32, of_seven), Bytes(48, 9)}};
}

TEST(PcrApproval, JsonIsReadBack) {
  const hsm::PcrApproval approval = hsm::Approve(EcdsaPrivateKey::Generate(), Values(7));
  EXPECT_EQ(hsm::PcrApproval::FromJson(hsm::ToJson(approval)).value(), approval);
  EXPECT_EQ(hsm::PcrValues::FromJson(hsm::ToJson(Values(7))).value(), Values(7));
  EXPECT_EQ(hsm::PcrValues::FromJson(hsm::ToJson(approval)).value(), Values(7));
}

TEST(PcrApproval, WhatIsNoneIsRefused) {
  const std::string good = hsm::ToJson(hsm::Approve(EcdsaPrivateKey::Generate(), Values(7)));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    EXPECT_NE(text.find(from), std::string::npos) << from;
    return hsm::PcrApproval::FromJson(text.replace(text.find(from), from.size(), to)).status();
  };
  EXPECT_TRUE(hsm::PcrApproval::FromJson(good).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(with("pcr-approval/1", "pcr-approval/2")));
  EXPECT_TRUE(absl::IsInvalidArgument(with("\"signature\": \"", "\"signature\": \"00")));
  EXPECT_TRUE(absl::IsInvalidArgument(with("\"sha256\"", "\"sha1\"")));
  EXPECT_TRUE(absl::IsInvalidArgument(with("\"7\"", "\"24\"")));
  EXPECT_TRUE(absl::IsInvalidArgument(with("\"7\"", "\"07\"")));
  EXPECT_TRUE(absl::IsInvalidArgument(with("\"0101", "\"01")));
  EXPECT_TRUE(absl::IsInvalidArgument(with("{", "[")));
  for (const char* text :
       {"", "{}", "7", R"({"pcrs": {}})", R"({"pcrs": {"sha256": 1}})", R"({"pcrs": {"sha256": {}}})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(hsm::PcrValues::FromJson(text).status())) << text;
  }
}

TEST(PcrApproval, IsOfOneKeyAndOfTheseValues) {
  const EcdsaPrivateKey approver = EcdsaPrivateKey::Generate();
  hsm::PcrApproval approval = hsm::Approve(approver, Values(7));
  EXPECT_TRUE(hsm::IsApprovedBy(approver.public_key(), approval));
  EXPECT_FALSE(hsm::IsApprovedBy(EcdsaPrivateKey::Generate().public_key(), approval));
  approval.approved = Values(8);
  EXPECT_FALSE(hsm::IsApprovedBy(approver.public_key(), approval));
  approval.approved = Values(7);
  approval.approved.pcrs = *labrec::PcrSelection::Parse("sha256:0,2,8+sha384:10");
  EXPECT_FALSE(hsm::IsApprovedBy(approver.public_key(), approval)) << "the same values of other PCRs";
  EXPECT_EQ(hsm::DifferingPcrs(Values(7), Values(8)), "sha256:7");
}

TEST(ApprovalFolder, GivesTheOneThatFitsOrSaysWhyNone) {
  const test::TemporaryFolder folder;
  const auto approvals = folder.path() / "pcr-approvals";
  const EcdsaPrivateKey approver = EcdsaPrivateKey::Generate();
  const auto find = [&](uint8_t seven) {
    return hsm::FindApproval(approvals, approver.public_key(), Values(seven));
  };
  EXPECT_THAT(find(7).status().message(), HasSubstr("there is none in"));
  ASSERT_TRUE(hsm::AddApproval(approvals, hsm::Approve(EcdsaPrivateKey::Generate(), Values(7))).ok());
  EXPECT_THAT(find(7).status().message(), HasSubstr("is not signed by this realm's approver"));
  const auto path = hsm::AddApproval(approvals, hsm::Approve(approver, Values(7)));
  ASSERT_TRUE(path.ok()) << path.status();
  struct stat found {};
  ASSERT_EQ(stat(path->c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  ASSERT_TRUE(WriteFile(approvals / "0.json", AsBytes("no JSON"), 0600, Overwrite::kRefuse).ok());
  ASSERT_TRUE(find(7).ok()) << find(7).status();
  EXPECT_EQ(find(7)->approved, Values(7));
  const absl::Status none = find(8).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(none));
  EXPECT_THAT(none.message(), HasSubstr("sha256:0,2,7+sha384:10"));
  EXPECT_THAT(none.message(), HasSubstr("approves other values of sha256:7"));
  EXPECT_THAT(none.message(), HasSubstr("0.json cannot be used"));
  EXPECT_THAT(none.message(), HasSubstr("labyrinth-admin pcr approve"));
  ASSERT_TRUE(hsm::AddApproval(approvals, hsm::Approve(approver, Values(8))).ok());
  EXPECT_TRUE(find(7).ok()) << "several are good at once";
  EXPECT_TRUE(find(8).ok());
}

}  // namespace
}  // namespace labrec::attestation
