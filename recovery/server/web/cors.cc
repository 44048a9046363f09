#include "recovery/server/web/cors.h"

#include "absl/strings/str_cat.h"

#include "recovery/api/retry_after.h"

namespace labrec::recovery {
namespace {

constexpr char kAllowedHeaders[] =
    "authorization, content-type, connect-protocol-version, connect-timeout-ms";
constexpr char kPreflightSeconds[] = "7200";  // as long as Chromium keeps it at most

}  // namespace

void Cors::Permit(const HttpRequest& request, HttpAnswer& answer) const {
  if (origins_.empty()) return;
  answer.fields.push_back({"vary", "origin"});
  const std::string origin(request.Value("origin"));
  if (origin.empty() || (!origins_.contains(origin) && !origins_.contains("*"))) return;
  answer.fields.push_back({"access-control-allow-origin", origins_.contains("*") ? "*" : origin});
  answer.fields.push_back({"access-control-expose-headers", absl::StrCat("trailer-", kRetryAfter)});
}

HttpAnswer Cors::Preflight(const HttpRequest& request) const {
  HttpAnswer answer{204, {}, ""};
  const size_t without = answer.fields.size() + (origins_.empty() ? 0 : 1);
  Permit(request, answer);
  if (answer.fields.size() == without) return answer;
  answer.fields.push_back({"access-control-allow-methods", "POST"});
  answer.fields.push_back({"access-control-allow-headers", kAllowedHeaders});
  answer.fields.push_back({"access-control-max-age", kPreflightSeconds});
  return answer;
}

}  // namespace labrec::recovery
