#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/status.h"
#include "tests/integration/client/world.h"

// Realms that lie, by fields and by status codes: what they say proves nothing.
namespace labrec::recovery::client {
namespace {

using google::protobuf::Message;
using testing::HasSubstr;

class Lies : public ClientWorld {
 protected:
  // The realm's answers of this type are changed.
  template <typename Response>
  void Answer(size_t realm, std::function<void(Response&)> change) {
    proxy(realm).OnAnswer([change](const std::string&, Message& message) {
      if (auto* response = dynamic_cast<Response*>(&message)) change(*response);
      return grpc::Status::OK;
    });
  }
};

TEST_F(Lies, HighestVersionOfOneRealmLeadsTheNumbersNowhere) {
  for (const uint32_t claim : {0xFFFFFFFEU, 0xFFFFFFFFU}) {
    Answer<v1::GetRecordResponse>(1, [&](auto& response) { response.set_highest_version(claim); });
    const auto strict = SealAs(alice(), kRight, kSecret);
    EXPECT_FALSE(strict.ok());
    EXPECT_THAT(std::string(strict.status().message()), HasSubstr("realm porto says that the record has"));
    EXPECT_EQ(proxy(1).calls("BeginRegistration"), 0);
    const auto sealed = SealAs(alice(), kRight, kSecret, 10, Holders::kThreshold);
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_LE(sealed->version, 2U);
    EXPECT_EQ(Conditions(sealed->reports), "good faulty good");
  }
}

}  // namespace
}  // namespace labrec::recovery::client
