#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "hsm/base/ecdsa.h"
#include "recovery/client/c/labyrinth_recovery.h"
#include "tests/vectors/conformance/example.h"
#include "tests/vectors/conformance/realm.h"

namespace labrec::conformance {

using Json = nlohmann::ordered_json;

// Where a transcript's random bytes come from; each draw is written down.
class Draws {
 public:
  // New ones, which follow from the transcript's name.
  explicit Draws(std::string name) : name_(std::move(name)) {}
  // Those that were written down: asked for others, it aborts.
  explicit Draws(const Json& written);
  void Fill(uint8_t* to, size_t size);
  const Json& drawn() const { return drawn_; }

 private:
  std::string name_;
  std::deque<Bytes> left_;
  bool replays_ = false;
  Json drawn_ = Json::array();
};

using KitRealms = std::array<std::unique_ptr<KitRealm>, Example::kRealms>;

// The host of one operation of the C library, which plays a transcript and writes it down. Realms answer in
// the order in which they were asked, at once; time goes on where nobody answers any more.
class Player {
 public:
  // `transcript` has name, says and operation (README.md of docs/conformance). Borrows the realms.
  Player(Json transcript, KitRealms& realms, Draws& draws);
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  // The transcript with what was drawn, asked, answered, and came out.
  Json Play();

 private:
  struct Answer {
    uint32_t id;
    KitReply reply;
  };

  lrc_op* Start();
  bool GoesOn();
  void Take(const lrc_step& step);
  void Call(const lrc_step& step);
  void Go(int64_t until_ms);
  Json ClientOf() const;
  Json ResultOf() const;
  Json ReportsOf() const;
  Json FloorsOf() const;

  Json transcript_;
  KitRealms& realms_;
  Draws& draws_;
  const EcdsaPrivateKey device_;
  lrc_account* account_ = nullptr;
  lrc_op* op_ = nullptr;
  int64_t now_ms_ = 0;
  std::deque<Answer> open_;
  std::array<Json, Example::kRealms> exchanges_;
};

// A realm that says what a transcript says, in that order.
std::unique_ptr<KitRealm> WrittenRealm(const Json& exchanges);

// The token of the kit for this realm. Nobody signed it: clients do not look.
std::string KitToken(size_t realm);
inline constexpr int64_t kKitNowMs = 1'800'000'000'000;  // the wall clock

}  // namespace labrec::conformance
