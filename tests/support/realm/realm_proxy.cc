#include "tests/support/realm/realm_proxy.h"

#include <cstdlib>
#include <iostream>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "recovery/api/v1/recovery.grpc.pb.h"

namespace labrec::test {

namespace v1 = ::labyrinth::recovery::v1;

class RealmProxy::Service : public v1::Recovery::Service {
 public:
  Service(RealmProxy& proxy, const std::string& upstream, const std::string& ca_pem) : proxy_(proxy) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = ca_pem;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    stub_ = v1::Recovery::NewStub(grpc::CreateCustomChannel(upstream, grpc::SslCredentials(tls), arguments));
  }

#define LABREC_FORWARD(rpc)                                                                                 \
  grpc::Status rpc(grpc::ServerContext* context, const v1::rpc##Request* request,                           \
                   v1::rpc##Response* response) override {                                                  \
    return Forward<v1::rpc##Request, v1::rpc##Response>(#rpc, &v1::Recovery::Stub::rpc, *context, *request, \
                                                        *response);                                         \
  }
  LABREC_FORWARD(GetRealm)
  LABREC_FORWARD(GetChallenge)
  LABREC_FORWARD(EnrollDevice)
  LABREC_FORWARD(RevokeDevice)
  LABREC_FORWARD(ListDevices)
  LABREC_FORWARD(BeginRegistration)
  LABREC_FORWARD(FinishRegistration)
  LABREC_FORWARD(Activate)
  LABREC_FORWARD(BeginChipWrite)
  LABREC_FORWARD(FinishChipWrite)
  LABREC_FORWARD(ConfirmKey)
  LABREC_FORWARD(GetRecord)
  LABREC_FORWARD(Evaluate)
  LABREC_FORWARD(BeginUnlock)
  LABREC_FORWARD(Unlock)
  LABREC_FORWARD(DeleteRecord)
  LABREC_FORWARD(RaiseFloor)
  LABREC_FORWARD(GetFloor)
  LABREC_FORWARD(GetIdentity)
  LABREC_FORWARD(ActivateCredential)
  LABREC_FORWARD(Attest)
#undef LABREC_FORWARD

 private:
  template <typename Request, typename Response>
  using Method = grpc::Status (v1::Recovery::Stub::*)(grpc::ClientContext*, const Request&, Response*);

  template <typename Request, typename Response>
  grpc::Status Forward(const char* rpc, Method<Request, Response> method, grpc::ServerContext& context,
                       const Request& request, Response& response) {
    std::string authorization;
    const auto& metadata = context.client_metadata();
    if (const auto token = metadata.find("authorization"); token != metadata.end()) {
      authorization.assign(token->second.data(), token->second.size());
      proxy_.KeepAuthorization(authorization);
    }
    if (grpc::Status judged = proxy_.BeforeCall(rpc, request); !judged.ok()) return judged;
    const auto onward = grpc::ClientContext::FromServerContext(context);
    if (!authorization.empty()) onward->AddMetadata("authorization", authorization);
    const grpc::Status status = (stub_.get()->*method)(onward.get(), request, &response);
    return status.ok() ? proxy_.AfterCall(rpc, response) : status;
  }

  RealmProxy& proxy_;
  std::unique_ptr<v1::Recovery::Stub> stub_;
};

RealmProxy::RealmProxy(const std::string& upstream, const std::string& upstream_ca_pem,
                       const TestCertificate& certificate)
    : service_(std::make_unique<Service>(*this, upstream, upstream_ca_pem)) {
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({certificate.key_pem(), certificate.certificate_pem()});
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
  if (server_ && port_ != 0) return;
  std::cerr << "the proxy cannot listen\n";
  std::abort();
}

RealmProxy::~RealmProxy() {
  server_->Shutdown(std::chrono::system_clock::now());
}

void RealmProxy::OnRequest(Before before) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(before);
}

void RealmProxy::OnAnswer(After after) {
  const std::lock_guard lock(mutex_);
  after_ = std::move(after);
}

void RealmProxy::Behave() {
  OnRequest(nullptr);
  OnAnswer(nullptr);
}

int RealmProxy::calls(const std::string& rpc) const {
  const std::lock_guard lock(mutex_);
  const auto count = calls_.find(rpc);
  return count == calls_.end() ? 0 : count->second;
}

std::string RealmProxy::authorization() const {
  const std::lock_guard lock(mutex_);
  return authorization_;
}

void RealmProxy::KeepAuthorization(const std::string& value) {
  const std::lock_guard lock(mutex_);
  authorization_ = value;
}

grpc::Status RealmProxy::BeforeCall(const std::string& rpc, const google::protobuf::Message& request) {
  Before before;
  {
    const std::lock_guard lock(mutex_);
    ++calls_[rpc];
    before = before_;
  }
  return before ? before(rpc, request) : grpc::Status::OK;
}

grpc::Status RealmProxy::AfterCall(const std::string& rpc, google::protobuf::Message& response) {
  After after;
  {
    const std::lock_guard lock(mutex_);
    after = after_;
  }
  return after ? after(rpc, response) : grpc::Status::OK;
}

}  // namespace labrec::test
