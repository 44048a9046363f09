#include <future>
#include <set>
#include <string>
#include <vector>

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "tests/integration/server/test.h"
#include "tests/support/net/http_connection.h"

namespace labrec::test {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Clients of other versions: what an older or a newer one hears says what to do, and costs nothing.
class ServerVersions : public ServerTest {
 protected:
  void SetUp() override {
    StartRealm();
    ASSERT_NE(realm_, nullptr);
    alice_ = std::make_unique<ApiClient>(*realm_, "alice");
    const grpc::Status ready = alice_->SetUp();
    ASSERT_TRUE(ready.ok()) << ready.error_message();
    before_ = Snapshot("alice");
  }
  void TearDown() override {
    if (realm_ == nullptr || before_.is_null()) return;
    EXPECT_EQ(Snapshot("alice"), before_);
  }

  // Any bytes to any method, as no stub of this version would send them.
  grpc::Status Send(const std::string& path, const std::string& body) {
    if (way() == Way::kConnect) return SendConnect(path, body);
    const auto channel = realm_->NewChannel();
    grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    context.AddMetadata("authorization", *alice_->authorization);
    const grpc::Slice slice(body);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, path, {}, &request, &response,
                   [&done](grpc::Status status) { done.set_value(std::move(status)); });
    return done.get_future().get();
  }

 private:
  grpc::Status SendConnect(const std::string& path, const std::string& body) {
    auto connection = HttpConnection::Open(realm_->web_address());
    EXPECT_TRUE(connection.ok()) << connection.status();
    connection->Send(PostRequest(
        "/connect" + path,
        absl::StrCat("Content-Type: application/proto\r\nAuthorization: ", *alice_->authorization, "\r\n"),
        body));
    const HttpMessage answer = connection->Read().value_or(HttpMessage());
    if (answer.status == 200) return grpc::Status::OK;
    return ConnectErrorOf(answer);
  }

 protected:
  std::unique_ptr<ApiClient> alice_;
  Json before_;
};
LABREC_ON_EVERY_DEVICE_AND_WAY(ServerVersions);

constexpr char kService[] = "/labyrinth.recovery.v1.Recovery/";

TEST_P(ServerVersions, AMethodThatIsNotThereSaysThatVersionsDiffer) {
  for (const std::string path :
       {"/labyrinth.recovery.v2.Recovery/Evaluate", "/labyrinth.recovery.v0.Recovery/GetRealm",
        "/labyrinth.recovery.v1.Recovery/BeginGuess", "/labyrinth.recovery.v1.Admin/GetStatus"}) {
    SCOPED_TRACE(path);
    EXPECT_REFUSED(Send(path, "any bytes"), UNIMPLEMENTED,
                   "client and server are of different versions, and the older one has to be updated");
  }
}

// A client that leaves fields out, as one does that was made before they were asked for: each method that
// needs any names one that it misses.
TEST_P(ServerVersions, WhatLacksFieldsIsToldWhich) {
  const std::set<std::string> needs_none = {"GetRealm", "GetChallenge", "ListDevices"};
  const auto* service = v1::RecordConfig::descriptor()->file()->FindServiceByName("Recovery");
  ASSERT_NE(service, nullptr);
  for (int i = 0; i < service->method_count(); ++i) {
    const std::string method = service->method(i)->name();
    if (method == "GetIdentity")
      continue;  // it asks for nothing; whether the device can prove itself is another matter
    SCOPED_TRACE(method);
    const grpc::Status status = Send(kService + method, "");
    if (needs_none.contains(method)) {
      EXPECT_TRUE(status.ok()) << status.error_message();
      continue;
    }
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    const Descriptor& request = *service->method(i)->input_type();
    const std::string& said = status.error_message();
    bool names_one = false;
    for (int f = 0; f < request.field_count(); ++f) names_one |= said.starts_with(request.field(f)->name());
    EXPECT_TRUE(names_one) << said;
  }
}

// Good requests that lack one field each.
TEST_P(ServerVersions, EachFieldThatIsMissingIsNamed) {
  v1::BeginRegistrationResponse begun;
  ASSERT_TRUE(alice_->Begin(&begun, 2).ok());
  v1::FinishRegistrationRequest finish = alice_->FinishRequest(begun.registration_id(), 2);
  alice_->SignRegistration(finish);
  const v1::EnrollDeviceRequest enroll = alice_->EnrollRequest();
  const v1::EvaluateRequest evaluate = alice_->EvaluateRequest(9);
  const std::vector<std::pair<std::string, const Message*>> requests = {
      {"FinishRegistration", &finish}, {"Evaluate", &evaluate}, {"EnrollDevice", &enroll}};
  for (const auto& [method, good] : requests) {
    for (int f = 0; f < good->GetDescriptor()->field_count(); ++f) {
      const FieldDescriptor& field = *good->GetDescriptor()->field(f);
      const std::string& name = field.name();
      // A first device is authorised by nobody, and a device need not have a name.
      if (method == "EnrollDevice" && (name == "authorization" || name == "name")) continue;
      SCOPED_TRACE(method + " without " + name);
      std::unique_ptr<Message> lacking(good->New());
      lacking->CopyFrom(*good);
      lacking->GetReflection()->ClearField(lacking.get(), &field);
      const grpc::Status status = Send(kService + method, lacking->SerializeAsString());
      EXPECT_TRUE(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
                  status.error_code() == grpc::StatusCode::PERMISSION_DENIED)
          << status.error_code();
      EXPECT_THAT(status.error_message(), testing::StartsWith(name));
    }
  }
}

// A newer client's further fields, of which this realm knows nothing, are passed over where nothing is bound
// to them; a config has to be what both sides understand.
TEST_P(ServerVersions, FurtherFieldsArePassedOverButInAConfig) {
  const std::string further = "\xf2\x3f\x03new";  // field 1022, three bytes
  EXPECT_TRUE(Send(std::string(kService) + "GetRealm", further).ok());
  v1::BeginRegistrationResponse begun;
  ASSERT_TRUE(alice_->Begin(&begun, 2).ok());
  v1::FinishRegistrationRequest finish = alice_->FinishRequest(begun.registration_id(), 2);
  finish.mutable_config()->append(further);
  alice_->SignRegistration(finish);
  EXPECT_REFUSED(Send(std::string(kService) + "FinishRegistration", finish.SerializeAsString()),
                 INVALID_ARGUMENT, "config");
}

}  // namespace
}  // namespace labrec::test
