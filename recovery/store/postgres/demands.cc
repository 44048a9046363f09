#include "recovery/store/postgres/demands.h"

#include <algorithm>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery::postgres {
namespace {

struct Setting {
  const char* name;
  const char* wanted;
  const char* otherwise;  // what happens
};
constexpr Setting kDemanded[] = {
    {"fsync", "on", "what it acknowledges is lost with the power"},
    {"full_page_writes", "on", "a power cut tears its pages"},
    {"zero_damaged_pages", "off", "it forgets what it finds damaged"},
    {"ignore_checksum_failure", "off", "it serves what it finds damaged"},
    {"synchronous_commit", "on", "it acknowledges what is on no disk, or on no standby"}};
constexpr uint32_t kOldestVersion = 150000;

std::string Query() {
  std::string sql =
      "SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), "
      "pg_has_role('pg_read_all_stats', 'USAGE'), current_setting('synchronous_standby_names')";
  for (const Setting& setting : kDemanded) absl::StrAppend(&sql, ", current_setting('", setting.name, "')");
  return sql;
}

absl::Status Refuse(const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat("PostgreSQL is not set up for a ledger: ", why));
}

absl::StatusOr<std::set<std::string>> Following(Connection& connection, const PostgresOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const Result result,
                          connection.Run("SELECT DISTINCT application_name FROM pg_stat_replication WHERE "
                                         "application_name = ANY($1) AND state = 'streaming'",
                                         Parameters().Texts(options.standby_names), "looking for standbys"));
  std::set<std::string> names;
  for (int row = 0; row < result.rows(); ++row) names.insert(result.Text(row, 0));
  return names;
}

// Without the right to see more of them than that they are there.
absl::StatusOr<bool> WaitsInVain(Connection& connection) {
  LABREC_ASSIGN_OR_RETURN(const Result result,
                          connection.Run("SELECT current_setting('synchronous_standby_names') <> '' AND NOT "
                                         "EXISTS (SELECT FROM pg_stat_replication)",
                                         {}, "looking for standbys"));
  return result.Bool(0, 0);
}

absl::StatusOr<std::string> WhatIsMissing(Connection& connection, const PostgresOptions& options) {
  if (options.replicas == 0) {
    LABREC_ASSIGN_OR_RETURN(const bool in_vain, WaitsInVain(connection));
    if (!in_vain) return "";
    return "PostgreSQL waits for a standby at each COMMIT (synchronous_standby_names), and none follows it: "
           "start "
           "one";
  }
  LABREC_ASSIGN_OR_RETURN(const std::set<std::string> here, Following(connection, options));
  if (here.size() >= options.replicas) return "";
  std::vector<std::string> missing;
  std::ranges::copy_if(options.standby_names, std::back_inserter(missing),
                       [&](const std::string& name) { return !here.contains(name); });
  return absl::StrCat("replicas = ", options.replicas, ", and ", here.size(), " of the named standbys ",
                      here.size() == 1 ? "follows" : "follow",
                      " PostgreSQL; missing: ", absl::StrJoin(missing, ", "),
                      ". Their application_name (in primary_conninfo) has to be one of standby_names");
}

}  // namespace

absl::Status CheckServer(Connection& connection, const PostgresOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const Result is, connection.Run(Query().c_str(), {}, "asking for its settings"));
  if (is.Int4(0, 0) < kOldestVersion) return Refuse("it is older than version 15: upgrade it");
  if (is.Bool(0, 1)) return absl::UnavailableError("PostgreSQL is a standby: nothing can be written there");
  int column = 4;
  for (const Setting& setting : kDemanded) {
    const std::string found = is.Text(0, column++);
    if (found == setting.wanted) continue;
    return Refuse(absl::StrCat(setting.name, " is ", found, ", so ", setting.otherwise, ": set it to ",
                               setting.wanted, " and reload"));
  }
  if (options.replicas == 0) return absl::OkStatus();
  if (!is.Bool(0, 2)) {
    return Refuse(
        "the role may not see how far the standbys are: GRANT pg_read_all_stats to it (replicas > 0)");
  }
  if (is.Text(0, 3).empty()) {
    return Refuse(
        absl::StrCat("synchronous_standby_names is empty, so it waits for no standby: set it to \"ANY ",
                     options.replicas, " (", absl::StrJoin(options.standby_names, ", "), ")\" and reload"));
  }
  return absl::OkStatus();
}

absl::Status AwaitStandbys(Connection& connection, const PostgresOptions& options) {
  constexpr std::chrono::milliseconds kAskEvery{50};
  const auto deadline = std::chrono::steady_clock::now() + options.standbys_within;
  while (true) {
    LABREC_ASSIGN_OR_RETURN(const std::string missing, WhatIsMissing(connection, options));
    if (missing.empty()) return absl::OkStatus();
    if (std::chrono::steady_clock::now() >= deadline) return absl::UnavailableError(missing);
    std::this_thread::sleep_for(kAskEvery);
  }
}

}  // namespace labrec::recovery::postgres
