#include "recovery/server/tokens/jwks_url.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kScheme = "https://";

// A name and password would stand in logs.
bool HasUserInfo(std::string_view url) {
  const std::string_view authority = url.substr(kScheme.size());
  return authority.substr(0, authority.find_first_of("/?#")).find('@') != authority.npos;
}

absl::Status CheckUrl(const std::string& url) {
  if (!url.starts_with(kScheme) || url.size() == kScheme.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        url, ": has to begin with \"https://\": whoever sits between could put keys of his own there"));
  }
  if (HasUserInfo(url)) return absl::InvalidArgumentError("an address with a name and password is not taken");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<JwksUrl>> JwksUrl::Make(HttpsRequest request, FetchTimes times) {
  LABREC_RETURN_IF_ERROR(CheckUrl(request.url));
  if (!request.authorities.empty()) {
    const absl::StatusOr<Bytes> found = ReadFile(request.authorities, request.longest);
    if (!found.ok()) return absl::InvalidArgumentError(found.status().message());
  }
  return std::unique_ptr<JwksUrl>(new JwksUrl(std::move(request), times));
}

JwksUrl::~JwksUrl() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void JwksUrl::Begin() {
  thread_ = std::thread([this] { Run(); });
}

void JwksUrl::Run() {
  while (!stop_) {
    Fetch();
    std::unique_lock lock(mutex_);
    const Time next = tried_ + (problem_.empty() ? times_.refresh : times_.retry);
    changed_.wait_until(lock, next, [this] { return stop_ || wanted_; });
    wanted_ = false;
  }
}

void JwksUrl::Fetch() {
  const absl::StatusOr<std::string> body = HttpsGet(request_, stop_);
  if (absl::IsCancelled(body.status())) return;
  absl::StatusOr<Jwks> jwks = body.ok() ? Jwks::Parse(*body) : body.status();
  if (body.ok() && !jwks.ok()) {
    jwks = absl::UnavailableError(absl::StrCat(request_.url, ": ", jwks.status().message()));
  }
  Note(jwks);
}

void JwksUrl::Note(const absl::StatusOr<Jwks>& fetched) {
  const std::lock_guard lock(mutex_);
  tried_ = steady_clock::now();
  if (!fetched.ok()) {
    const std::string problem(fetched.status().message());
    if (problem != problem_) {
      spdlog::error(
          "token keys: {}; {}", problem,
          keys_.jwks ? "those fetched before stay in use for a day from then" : "there are none to use");
    }
    problem_ = problem;
    return;
  }
  const bool changed = !keys_.jwks || keys_.jwks->ids() != fetched->ids() || !problem_.empty();
  problem_.clear();
  fetched_ = tried_;
  read_at_ms_ = SystemClock().NowMillis();
  // A new generation each time: what became of a key under the same id is not looked at.
  keys_ = {std::make_shared<const Jwks>(*fetched), NewGeneration()};
  if (!changed) return;
  spdlog::info("token keys: fetched {} keys from {}", fetched->size(), request_.url);
  for (const std::string& why : fetched->passed_over()) {
    spdlog::warn("token keys: {}: passed over {}", request_.url, why);
  }
  if (fetched->size() == 0) {
    spdlog::error("token keys: {} holds no key that can be used: no token of this tenant is taken",
                  request_.url);
  }
}

absl::StatusOr<KeySource::Keys> JwksUrl::Current() {
  const std::lock_guard lock(mutex_);
  if (keys_.jwks && steady_clock::now() < fetched_ + times_.longest_stale) return keys_;
  return absl::UnavailableError(
      "the realm cannot fetch the keys of this token's platform at present; nothing was done, come back "
      "later");
}

void JwksUrl::Miss() {
  const std::lock_guard lock(mutex_);
  if (steady_clock::now() < tried_ + times_.for_miss) return;
  wanted_ = true;
  changed_.notify_all();
}

void JwksUrl::Refresh() {
  const std::lock_guard lock(mutex_);
  wanted_ = true;
  changed_.notify_all();
}

KeyReport JwksUrl::report() const {
  const std::lock_guard lock(mutex_);
  return {request_.url, keys_.jwks ? keys_.jwks->size() : 0, read_at_ms_, problem_};
}

}  // namespace labrec::recovery
