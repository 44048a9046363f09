#pragma once

#include <functional>
#include <string>

namespace labrec::recovery::client {

// The environment variable that makes gRPC reach `target` ("host:port") through an HTTP proxy, and the proxy,
// as "https_proxy=proxy.example:3128"; without the user and password that may stand there. Empty: no proxy.
// `environment` is getenv(3), or a test's. The rules are gRPC's own (1.51, http_proxy.cc): grpc_proxy before
// https_proxy before http_proxy, only http:// ones, and none for what ends as an entry of no_grpc_proxy or
// no_proxy. Pure but for the environment; any thread.
std::string HttpProxyFor(const std::string& target,
                         const std::function<const char*(const char*)>& environment);

}  // namespace labrec::recovery::client
