#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "recovery/client/outcome.h"
#include "recovery/client/seal.h"

// What the program says in plain words: what happened, to what, what to do next.
namespace labrec::cli {

std::string Explain(const recovery::client::WrongPin& outcome);
std::string Explain(const recovery::client::LockedUntil& outcome, const std::string& record);
std::string Explain(const recovery::client::UsedUp& outcome, const std::string& record);
std::string Explain(const recovery::client::Destroyed& outcome, const std::string& record);
std::string Explain(const recovery::client::NotRegistered& outcome, const std::string& record);

// What it means that `holders` realms keep a record of which `threshold` bring the secret back, of a list of
// `realms`; empty: nothing to say.
std::string LossOf(size_t threshold, size_t holders, size_t realms);

// What is left to do after a version was registered, a line each.
std::vector<std::string> LeftToDo(const recovery::client::Sealed& sealed);

// The error's message, with what to do next where the program knows more than the library.
std::string Explain(const absl::Status& status);

// "2026-01-31 23:59:59 UTC".
std::string UtcTime(int64_t unix_ms);

}  // namespace labrec::cli
