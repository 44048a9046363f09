#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"

#include "recovery/client/change_pin.h"
#include "recovery/client/outcome.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recover {

enum class Format { kText, kJson };

// The program's way to its reader: results on standard output, everything else on standard error.
class Reporter {
 public:
  Reporter(Format format, std::string command) : format_(format), command_(std::move(command)) {}

  // One line on standard error, after the program's name.
  void Say(const std::string& line) const;
  // A line for each realm that was not simply good, or has something to tell, on standard error.
  void SayRealms(const std::vector<recovery::client::RealmReport>& reports) const;
  // What the chips have counted since they last gave guesses back, where that was not this recovery alone.
  void SayChips(const std::vector<recovery::client::RealmReport>& reports) const;
  // The result: `fields`, with "command" and "outcome" added, as JSON; or `text`.
  void Result(const char* outcome, nlohmann::json fields, const std::string& text) const;

  // Reports it and returns the exit code.
  int Fail(const absl::Status& status) const;
  int UsageError(const absl::Status& status) const;

  // The outcomes in which nothing was recovered; each says so, reports on the realms, and returns the exit
  // code. Not for the alternative that is a success.
  int NotRecovered(const recovery::client::RecoverOutcome& outcome, const std::string& record) const;
  int NotChanged(const recovery::client::PinChange& outcome, const std::string& record) const;

 private:
  template <typename Outcome>
  int Failed(const char* name, const Outcome& outcome, nlohmann::json fields, const std::string& text,
             int code) const;
  template <typename Variant>
  int Unsuccessful(const Variant& outcome, const std::string& record) const;

  Format format_;
  std::string command_;
};

// [{"realm": ..., "condition": ..., "remaining": ..., "locked_until_ms": ..., "error": ...}, ...]
nlohmann::json RealmsJson(const std::vector<recovery::client::RealmReport>& reports);

}  // namespace labrec::recover
