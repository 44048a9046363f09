#include "tools/recover/record_heading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace labrec::recover {
namespace {

using recovery::client::RealmCondition;
using recovery::client::RecordStatus;
using testing::HasSubstr;
using testing::Not;

RecordStatus StatusOf(const std::vector<RealmCondition>& conditions) {
  RecordStatus status;
  for (const RealmCondition condition : conditions) {
    recovery::client::RealmReport report;
    report.realm = "realm" + std::to_string(status.realms.size());
    report.condition = condition;
    status.realms.emplace_back().report = report;
  }
  return status;
}

TEST(RecordHeading, SaysWhyThereIsNoVersion) {
  const auto destroyed = RealmCondition::kDestroyed, unknown = RealmCondition::kNotRegistered,
             away = RealmCondition::kUnreachable;
  const std::string gone = RecordHeading(StatusOf({destroyed, destroyed, destroyed}), 2, "default");
  EXPECT_THAT(gone, HasSubstr("record default is destroyed"));
  EXPECT_THAT(gone, HasSubstr("realm0, realm1, realm2"));
  EXPECT_THAT(gone, Not(HasSubstr("no version")));
  EXPECT_THAT(RecordHeading(StatusOf({unknown, unknown, unknown}), 2, "default"),
              HasSubstr("is not registered"));
  EXPECT_THAT(RecordHeading(StatusOf({away, away, unknown}), 2, "default"),
              HasSubstr("no version that enough realms offer"));
}

}  // namespace
}  // namespace labrec::recover
