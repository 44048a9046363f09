#include "recovery/client/grpc/http_proxy.h"

#include <map>

#include <gtest/gtest.h>

namespace labrec::recovery::client {
namespace {

using Variables = std::map<std::string, std::string>;

std::string ProxyFor(const std::string& target, const Variables& variables) {
  return HttpProxyFor(target, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(HttpProxy, IsNamedAsGrpcFindsIt) {
  EXPECT_EQ(ProxyFor("realm.example:7443", {}), "");
  EXPECT_EQ(ProxyFor("realm.example:7443", {{"https_proxy", "http://proxy.example:3128"}}),
            "https_proxy=proxy.example:3128");
  EXPECT_EQ(ProxyFor("realm.example:7443", {{"https_proxy", "http://b:2"}, {"grpc_proxy", "http://a:1/"}}),
            "grpc_proxy=a:1");
  EXPECT_EQ(ProxyFor("realm.example:7443", {{"https_proxy", ""}, {"http_proxy", "http://c:3"}}),
            "http_proxy=c:3");
  EXPECT_EQ(ProxyFor("realm.example:7443", {{"https_proxy", "https://b:2"}}), "")
      << "gRPC takes http:// only";
  EXPECT_EQ(ProxyFor("unix:/run/realm", {{"https_proxy", "http://b:2"}}), "");
}

TEST(HttpProxy, SomeHostsAreLeftOut) {
  Variables variables = {{"https_proxy", "http://b:2"}, {"no_proxy", "localhost,.example"}};
  EXPECT_EQ(ProxyFor("realm.EXAMPLE:7443", variables), "");
  EXPECT_EQ(ProxyFor("localhost:7443", variables), "");
  EXPECT_EQ(ProxyFor("realm.test:7443", variables), "https_proxy=b:2");
  variables["no_grpc_proxy"] = "test";
  EXPECT_EQ(ProxyFor("realm.test:7443", variables), "");
  EXPECT_EQ(ProxyFor("realm.example:7443", variables), "https_proxy=b:2") << "no_proxy is not looked at then";
}

TEST(HttpProxy, ItsPasswordIsNotShown) {
  EXPECT_EQ(ProxyFor("realm.example:7443", {{"https_proxy", "http://me:topsecret@proxy.example:3128/x"}}),
            "https_proxy=proxy.example:3128");
}

}  // namespace
}  // namespace labrec::recovery::client
