#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/encoding.h"
#include "recovery/client/c/labyrinth_recovery.h"
#include "tests/support/realm/memory_realm.h"

namespace labrec::recovery::client::c {

inline lrc_bytes Lend(ByteView bytes) {
  return {bytes.data(), bytes.size()};
}
inline lrc_bytes Lend(std::string_view text) {
  return Lend(AsBytes(text));
}
inline Bytes Own(lrc_bytes bytes) {
  return ToBytes(ByteView(bytes.data, bytes.size));
}

inline Bytes IdOf(size_t realm) {
  return Bytes(16, static_cast<uint8_t>(realm + 1));
}
inline std::string TokenFor(const Bytes& id) {
  const std::string claims = R"({"iss":"chat","sub":"alice","aud":")" + Hex(id) + "\"}";
  return absl::StrCat(absl::WebSafeBase64Escape("{}"), ".", absl::WebSafeBase64Escape(claims), ".",
                      absl::WebSafeBase64Escape("signature"));
}

// ECDSA-Sig-Value of r || s.
inline Bytes Der(ByteView raw) {
  Bytes numbers;
  for (size_t at : {size_t{0}, size_t{32}}) {
    Bytes number = ToBytes(raw.subspan(at, 32));
    while (number.size() > 1 && number[0] == 0 && number[1] < 0x80) number.erase(number.begin());
    if (number[0] >= 0x80) number.insert(number.begin(), 0);
    numbers.push_back(0x02);
    numbers.push_back(static_cast<uint8_t>(number.size()));
    numbers.insert(numbers.end(), number.begin(), number.end());
  }
  Bytes der = {0x30, static_cast<uint8_t>(numbers.size())};
  der.insert(der.end(), numbers.begin(), numbers.end());
  return der;
}

enum class SignatureForm { kRaw, kDer, kNonsense };

// A host of the C library with three realms in memory, that knows nothing of it but the header.
class Driver {
 public:
  static constexpr size_t kRealms = 3;

  Driver() {
    for (size_t i = 0; i < kRealms; ++i) realms.push_back(std::make_unique<core::MemoryRealm>(IdOf(i)));
  }
  ~Driver() { lrc_account_free(account_); }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // What a test changes of it comes before account().
  lrc_options Options() {
    spki_ = device.public_key().Spki();
    for (size_t i = 0; i < kRealms; ++i) {
      ids_[i] = IdOf(i);
      entries_[i] = {Lend(ids_[i]), kNames[i], {}};
    }
    lrc_options options{};
    options.abi = LRC_ABI;
    options.tenant = "chat";
    options.account = "alice";
    options.realms = entries_;
    options.realm_count = kRealms;
    options.device_public_key = Lend(spki_);
    return options;
  }
  lrc_account* account() {
    const lrc_options options = Options();
    if (account_ == nullptr && lrc_account_new(&options, &account_) != LRC_OK) std::abort();
    return account_;
  }

  // Drives it for at most so many steps; whether it came to its end.
  bool Drive(lrc_op* op, int most = 100'000) {
    open_.clear();
    for (int turn = 0; turn < most; ++turn) {
      lrc_step step;
      lrc_op_next(op, now_ms_, &step);
      if (step.kind == LRC_STEP_DONE) return true;
      if (step.kind == LRC_STEP_WAIT) {
        Go(op, step.until_ms);
      } else {
        Take(step);
      }
    }
    return false;
  }
  lrc_result Result(lrc_op* op) {
    EXPECT_TRUE(Drive(op));
    lrc_result result{};
    EXPECT_EQ(lrc_op_result(op, &result), 1);
    return result;
  }

  std::vector<std::unique_ptr<core::MemoryRealm>> realms;
  EcdsaPrivateKey device = EcdsaPrivateKey::Generate();
  SignatureForm form = SignatureForm::kRaw;
  bool same_token_everywhere = false;
  std::string log;             // "0GetRecord 1GetRecord ..."
  std::vector<Bytes> signers;  // of the signatures that were asked for

 private:
  static constexpr const char* kNames[] = {"oslo", "porto", "quito"};
  struct Answer {
    uint32_t id;
    lrc_code code;
    Bytes body;
    std::string message;
  };

  void Take(const lrc_step& step) {
    if (step.kind == LRC_STEP_CANCEL) {
      std::erase_if(open_, [&](const Answer& at) { return at.id == step.id; });
    } else if (step.kind == LRC_STEP_TOKEN) {
      open_.push_back({step.id, LRC_OK, ToBytes(TokenFor(IdOf(same_token_everywhere ? 0 : step.realm))), ""});
    } else if (step.kind == LRC_STEP_SIGN) {
      signers.push_back(Own(step.device_id));
      open_.push_back({step.id, LRC_OK, Signature(Own(step.body)), ""});
    } else if (step.kind == LRC_STEP_WORK) {
      lrc_job_run(step.job);
      open_.push_back({step.id, LRC_OK, {}, ""});
    } else {
      core::CallStep call;
      const std::string_view path = step.path;
      call.method = path.substr(path.rfind('/') + 1);
      call.body = Own(step.body);
      absl::StrAppend(&log, step.realm, std::string(call.method), " ");
      if (step.token != nullptr && step.token != TokenFor(IdOf(step.realm))) absl::StrAppend(&log, "TOKEN! ");
      const core::Reply reply = realms[step.realm]->Answer(call);
      open_.push_back({step.id, static_cast<lrc_code>(reply.status.code()), reply.body,
                       std::string(reply.status.message())});
    }
  }
  void Go(lrc_op* op, int64_t until_ms) {
    if (open_.empty()) {
      ASSERT_NE(until_ms, INT64_MAX) << "nobody is waited for";
      now_ms_ = until_ms;
      return;
    }
    const Answer answer = open_.front();
    open_.pop_front();
    const lrc_reply reply = {answer.code, Lend(answer.body), answer.message.c_str(), -1, {}};
    lrc_op_reply(op, answer.id, &reply);
  }
  Bytes Signature(const Bytes& message) const {
    if (form == SignatureForm::kNonsense) return Bytes(70, 0x30);
    const Bytes raw = ToBytes(device.Sign(message));
    return form == SignatureForm::kDer ? Der(raw) : raw;
  }

  Bytes spki_;
  Bytes ids_[kRealms];
  lrc_realm entries_[kRealms];
  lrc_account* account_ = nullptr;
  int64_t now_ms_ = 0;
  std::deque<Answer> open_;
};

}  // namespace labrec::recovery::client::c
