#include "recovery/store/postgres/reads.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery::postgres {
namespace {

constexpr char kHead[] =
    "SELECT epoch, root, realm_id, bucket_exponent, records, discontinuities, evidence FROM labrec_head "
    "WHERE "
    "id = 0";
constexpr char kRows[] =
    "SELECT u.n::int, r.content FROM unnest($1::int[], $2::bytea[]) WITH ORDINALITY AS u(bucket, key, n) "
    "JOIN labrec_row r ON r.bucket = u.bucket AND r.key = u.key";
constexpr char kDirectories[] =
    "SELECT u.n::int, b.directory FROM unnest($1::int[]) WITH ORDINALITY AS u(bucket, n) "
    "JOIN labrec_bucket b ON b.bucket = u.bucket";

// Row by row, as there may be more than memory holds.
absl::Status Scan(Connection& connection, const char* sql,
                  const std::function<absl::Status(const Result&)>& visit) {
  PGconn* const raw = connection.get();
  if (PQsendQueryParams(raw, connection.Named(sql).c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1) != 1 ||
      PQsetSingleRowMode(raw) != 1) {
    return absl::UnavailableError(absl::StrCat("PostgreSQL, reading all rows: ", Complaint(raw)));
  }
  absl::Status status;
  while (true) {
    const Result result(PQgetResult(raw));
    if (result.null()) return status;
    if (const absl::Status read = result.status("reading all rows"); !read.ok()) status = read;
    if (result.kind() != PGRES_SINGLE_TUPLE || !status.ok()) continue;
    LABREC_RETURN_IF_ERROR(visit(result));
  }
}

// A place within what was asked for; the server's word is not taken for it.
std::optional<size_t> Place(const Result& result, int row, size_t asked) {
  const uint32_t place = result.Int4(row, 0);
  return place >= 1 && place <= asked ? std::optional<size_t>(place - 1) : std::nullopt;
}

}  // namespace

absl::Status PrepareReads(Connection& connection) {
  LABREC_RETURN_IF_ERROR(connection.Prepare("head", kHead));
  LABREC_RETURN_IF_ERROR(connection.Prepare("rows", kRows));
  return connection.Prepare("directories", kDirectories);
}

absl::StatusOr<Result> AskHead(Connection& connection) {
  return connection.RunPrepared("head", {}, "reading the head");
}

absl::StatusOr<std::optional<HeadRow>> HeadFrom(const Result& result) {
  if (result.rows() == 0) return std::nullopt;
  HeadRow head;
  head.epoch = result.Int8(0, 0);
  LABREC_ASSIGN_OR_RETURN(head.root, result.DigestAt(0, 1));
  head.realm_id = ToBytes(result.Blob(0, 2));
  head.bucket_exponent = result.Int4(0, 3);
  head.records = result.Int8(0, 4);
  head.discontinuities = result.Int8(0, 5);
  head.evidence = ToBytes(result.Blob(0, 6));
  return head;
}

absl::StatusOr<Result> AskRows(Connection& connection, std::span<const RowAddress> addresses) {
  std::vector<uint32_t> buckets;
  std::vector<ByteView> keys;
  buckets.reserve(addresses.size());
  keys.reserve(addresses.size());
  for (const RowAddress& address : addresses) {
    buckets.push_back(address.bucket);
    keys.emplace_back(address.key);
  }
  return connection.RunPrepared("rows", Parameters().Int4s(buckets).Byteas(keys), "reading rows");
}

std::vector<std::optional<Bytes>> RowsFrom(const Result& result, size_t asked) {
  std::vector<std::optional<Bytes>> rows(asked);
  for (int row = 0; row < result.rows(); ++row) {
    if (const auto place = Place(result, row, asked)) rows[*place] = ToBytes(result.Blob(row, 1));
  }
  return rows;
}

absl::StatusOr<Result> AskDirectories(Connection& connection, std::span<const uint32_t> buckets) {
  return connection.RunPrepared("directories", Parameters().Int4s(buckets), "reading directories");
}

std::vector<Bytes> DirectoriesFrom(const Result& result, size_t asked) {
  std::vector<Bytes> directories(asked);
  for (int row = 0; row < result.rows(); ++row) {
    if (const auto place = Place(result, row, asked)) directories[*place] = ToBytes(result.Blob(row, 1));
  }
  return directories;
}

absl::Status ScanDigests(Connection& connection,
                         const std::function<absl::Status(uint32_t, const Digest&)>& visit) {
  return Scan(connection, "SELECT bucket, digest FROM labrec_bucket ORDER BY bucket",
              [&](const Result& result) -> absl::Status {
                LABREC_ASSIGN_OR_RETURN(const Digest digest, result.DigestAt(0, 1));
                return visit(result.Int4(0, 0), digest);
              });
}

absl::Status ScanRows(Connection& connection, const std::optional<RowAddress>& after,
                      const Store::RowVisit& visit) {
  std::string sql = "SELECT bucket, key, content FROM labrec_row";
  if (after) {
    absl::StrAppend(&sql, " WHERE (bucket, key) > (", after->bucket, ", '\\x", Hex(after->key), "')");
  }
  return Scan(connection, absl::StrCat(sql, " ORDER BY bucket, key").c_str(),
              [&](const Result& result) -> absl::Status {
                RowAddress address;
                address.bucket = result.Int4(0, 0);
                LABREC_ASSIGN_OR_RETURN(address.key, result.DigestAt(0, 1));
                return visit(address, result.Blob(0, 2));
              });
}

}  // namespace labrec::recovery::postgres
