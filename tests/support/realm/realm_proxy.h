#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <google/protobuf/message.h>
#include <grpcpp/support/status.h>

#include "recovery/api/v1/recovery.pb.h"
#include "tests/support/net/test_certificate.h"

namespace grpc {
class Server;
}  // namespace grpc

namespace labrec::test {

// Stands between clients and a real realm, over TLS on both sides, and forwards every call: to model a realm
// that lies, is slow, or whose answer is lost after it acted. Any thread.
class RealmProxy {
 public:
  // Asked before a call is forwarded, with its name ("Evaluate"): an error is answered instead. May take its
  // time.
  using Before =
      std::function<grpc::Status(const std::string& rpc, const google::protobuf::Message& request)>;
  // Asked after the realm answered OK; may change the answer, or answer an error instead: the realm has
  // acted.
  using After = std::function<grpc::Status(const std::string& rpc, google::protobuf::Message& response)>;

  // `upstream` is "localhost:PORT" of a realm with this certificate; the proxy uses the same. Aborts if it
  // cannot listen.
  RealmProxy(const std::string& upstream, const TestCertificate& certificate)
      : RealmProxy(upstream, certificate.certificate_pem(), certificate) {}
  // The realm has another certificate, of this issuer.
  RealmProxy(const std::string& upstream, const std::string& upstream_ca_pem,
             const TestCertificate& certificate);
  ~RealmProxy();

  std::string address() const { return "localhost:" + std::to_string(port_); }
  void OnRequest(Before before);
  void OnAnswer(After after);
  void Behave();  // forwards everything from now on
  // How many calls of this name came in.
  int calls(const std::string& rpc) const;
  // The latest "authorization" that a client sent: what a realm that steals tokens has. Empty: none yet.
  std::string authorization() const;

 private:
  class Service;
  grpc::Status BeforeCall(const std::string& rpc, const google::protobuf::Message& request);
  void KeepAuthorization(const std::string& value);
  grpc::Status AfterCall(const std::string& rpc, google::protobuf::Message& response);

  mutable std::mutex mutex_;
  Before before_;
  After after_;
  std::map<std::string, int> calls_;
  std::string authorization_;
  std::unique_ptr<Service> service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace labrec::test
