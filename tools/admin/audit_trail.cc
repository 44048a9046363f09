#include "tools/admin/audit_trail.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"

#include "hsm/base/json.h"

namespace labrec::admin {
namespace {

constexpr uint64_t kImplausible = 1'000'000'000;  // no operator accepts so often

}  // namespace

std::string AcceptDetail(const recovery::ReanchorReport& report, uint32_t floor) {
  return absl::StrCat("epoch ", report.epoch, ", rows ", report.rows, ", left out ", report.left_out,
                      ", at most ", floor, " guesses left");
}

uint64_t DiscontinuitiesIn(std::string_view audit_line) {
  const auto line = ParseJson(audit_line);
  if (!line.is_object() || line.value("event", nlohmann::json()) != std::string(kAcceptEvent) + "_done") {
    return 0;
  }
  const auto number = line.find("discontinuities");
  if (number == line.end() || !number->is_number_unsigned()) return 0;
  const auto known = number->get<uint64_t>();
  return known < kImplausible ? known : 0;
}

absl::StatusOr<uint64_t> KnownDiscontinuities(const std::filesystem::path& audit_log) {
  if (!std::filesystem::exists(audit_log)) return 0;
  std::ifstream file(audit_log);
  uint64_t highest = 0;
  for (std::string line; std::getline(file, line);) highest = std::max(highest, DiscontinuitiesIn(line));
  if (!file.eof()) return absl::UnavailableError(absl::StrCat(audit_log.string(), ": cannot be read"));
  return highest;
}

}  // namespace labrec::admin
