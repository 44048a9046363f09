#include "recovery/server/tokens/https_get.h"

#include <array>
#include <memory>

#include <curl/curl.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace labrec::recovery {
namespace {

struct Transfer {
  std::string body;
  size_t longest = 0;
  const std::atomic<bool>* stop = nullptr;
};

size_t TakeBody(char* data, size_t, size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.body.size() + size > transfer.longest) return 0;  // ends the transfer
  transfer.body.append(data, size);
  return size;
}

int AskWhetherToStop(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(context)->stop->load() ? 1 : 0;
}

bool LibraryIsReady() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

struct EasyCleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Easy = std::unique_ptr<CURL, EasyCleanup>;

using ErrorText = std::array<char, CURL_ERROR_SIZE>;

// The first option that the library does not take; CURLE_OK.
CURLcode SetOptions(CURL* curl, const HttpsRequest& request, Transfer& transfer, ErrorText& error) {
  CURLcode code = CURLE_OK;
  const auto set = [&](auto option, auto value) {
    if (code == CURLE_OK) code = curl_easy_setopt(curl, option, value);
  };
  set(CURLOPT_ERRORBUFFER, error.data());
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request.authorities.empty()) {
    set(CURLOPT_CAINFO, request.authorities.c_str());
    set(CURLOPT_CAPATH, nullptr);  // these and no others
  }
  set(CURLOPT_TIMEOUT, static_cast<long>(request.patience.count()));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, "labyrinth-recoveryd");
  set(CURLOPT_WRITEFUNCTION, TakeBody);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, AskWhetherToStop);
  set(CURLOPT_XFERINFODATA, &transfer);
  return code;
}

}  // namespace

absl::StatusOr<std::string> HttpsGet(const HttpsRequest& request, const std::atomic<bool>& stop) {
  const Easy curl(LibraryIsReady() ? curl_easy_init() : nullptr);
  if (curl == nullptr) return absl::UnavailableError("libcurl cannot be used");
  Transfer transfer{{}, request.longest, &stop};
  ErrorText error{};
  CURLcode code = SetOptions(curl.get(), request, transfer, error);
  if (code == CURLE_OK) code = curl_easy_perform(curl.get());
  if (code == CURLE_ABORTED_BY_CALLBACK) return absl::CancelledError("stopped");
  if (code == CURLE_WRITE_ERROR) {
    return absl::UnavailableError(
        absl::StrCat(request.url, ": the answer is longer than ", request.longest, " bytes"));
  }
  if (code != CURLE_OK) {
    return absl::UnavailableError(
        absl::StrCat(request.url, ": ", error[0] != 0 ? error.data() : curl_easy_strerror(code)));
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status == 200) return std::move(transfer.body);
  return absl::UnavailableError(
      absl::StrCat(request.url, ": answers ", status,
                   status / 100 == 3 ? ", and a redirect is not followed: name where it leads" : ""));
}

}  // namespace labrec::recovery
