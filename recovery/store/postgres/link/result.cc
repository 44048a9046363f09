#include "recovery/store/postgres/link/result.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "hsm/base/encoding.h"

namespace labrec::recovery::postgres {
namespace {

std::string OneLine(const char* text) {
  std::string line = text == nullptr ? "" : text;
  absl::StripAsciiWhitespace(&line);
  return absl::StrReplaceAll(line, {{"\n\t", " "}, {"\n", "; "}});
}

// Appendix A of PostgreSQL's manual: the first two characters are the class.
absl::StatusCode CodeOf(std::string_view sqlstate) {
  const std::string_view group = sqlstate.substr(0, 2);
  if (group.empty() || group == "08" || group == "57" || sqlstate == "53300") {
    return absl::StatusCode::kUnavailable;
  }
  if (group == "53") return absl::StatusCode::kResourceExhausted;
  if (group == "28" || group == "3D" || group == "3F" || group == "42") {
    return absl::StatusCode::kFailedPrecondition;
  }
  if (sqlstate == "XX001" || sqlstate == "XX002") return absl::StatusCode::kDataLoss;
  return absl::StatusCode::kInternal;
}

}  // namespace

bool Result::IsStatementError() const {
  const char* severity = PQresultErrorField(result_.get(), PG_DIAG_SEVERITY_NONLOCALIZED);
  return kind() == PGRES_FATAL_ERROR && severity != nullptr && std::string_view(severity) == "ERROR";
}

std::string Result::sqlstate() const {
  const char* state = PQresultErrorField(result_.get(), PG_DIAG_SQLSTATE);
  return state == nullptr ? "" : state;
}

absl::Status Result::status(const char* doing) const {
  if (ok() || kind() == PGRES_SINGLE_TUPLE) return absl::OkStatus();
  const char* primary = PQresultErrorField(result_.get(), PG_DIAG_MESSAGE_PRIMARY);
  const std::string what = OneLine(primary != nullptr ? primary : PQresultErrorMessage(result_.get()));
  const std::string state = sqlstate();
  return absl::Status(CodeOf(state), absl::StrCat("PostgreSQL, ", doing, ": ", what,
                                                  state.empty() ? "" : absl::StrCat(" (", state, ")")));
}

uint32_t Result::Int4(int row, int column) const {
  const ByteView value = Blob(row, column);
  return value.size() == 4 ? Reader(value).U32() : 0;
}

uint64_t Result::Int8(int row, int column) const {
  const ByteView value = Blob(row, column);
  return value.size() == 8 ? Reader(value).U64() : 0;
}

bool Result::Bool(int row, int column) const {
  const ByteView value = Blob(row, column);
  return value.size() == 1 && value[0] != 0;
}

ByteView Result::Blob(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column) != 0) return {};
  return {reinterpret_cast<const uint8_t*>(PQgetvalue(result_.get(), row, column)),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

absl::StatusOr<Digest> Result::DigestAt(int row, int column) const {
  const ByteView value = Blob(row, column);
  Digest digest{};
  if (value.size() != digest.size()) {
    return absl::DataLossError(absl::StrCat("a digest or key of ", value.size(),
                                            " bytes stands where 32 should: the tables were edited"));
  }
  std::copy(value.begin(), value.end(), digest.begin());
  return digest;
}

std::string Complaint(const PGconn* connection) {
  return OneLine(PQerrorMessage(connection));
}

}  // namespace labrec::recovery::postgres
