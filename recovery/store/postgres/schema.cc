#include "recovery/store/postgres/schema.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery::postgres {
namespace {

// Rows change at every guess: room in each page lets a new version stay in it, without touching an index, and
// the old one's room be used again. Compression would cost more than it saves: contents are sealed.
constexpr char kTables[] =
    "BEGIN;"
    "CREATE TABLE labrec_head (id int PRIMARY KEY CHECK (id = 0), format int NOT NULL, epoch bigint NOT NULL,"
    " root bytea NOT NULL, realm_id bytea NOT NULL, bucket_exponent int NOT NULL, records bigint NOT NULL,"
    " discontinuities bigint NOT NULL, evidence bytea NOT NULL) WITH (fillfactor = 10);"
    "CREATE TABLE labrec_bucket (bucket int PRIMARY KEY, digest bytea NOT NULL, directory bytea NOT NULL)"
    " WITH (fillfactor = 60, toast_tuple_target = 8160);"
    "ALTER TABLE labrec_bucket ALTER directory SET STORAGE MAIN, ALTER digest SET STORAGE PLAIN;"
    "CREATE TABLE labrec_row (bucket int NOT NULL, key bytea NOT NULL, content bytea NOT NULL,"
    " PRIMARY KEY (bucket, key)) WITH (fillfactor = 60, toast_tuple_target = 8160);"
    "ALTER TABLE labrec_row ALTER content SET STORAGE MAIN, ALTER key SET STORAGE PLAIN;"
    "COMMIT";

// Said of the ledger's own tables: "rebuilt" is no part of their names.
constexpr char kPutInPlace[] =
    "BEGIN; DROP TABLE labrec_head, labrec_bucket, labrec_row;"
    "ALTER TABLE labrec_rebuilt_head RENAME TO labrec_head;"
    "ALTER TABLE labrec_rebuilt_bucket RENAME TO labrec_bucket;"
    "ALTER TABLE labrec_rebuilt_row RENAME TO labrec_row; COMMIT";

constexpr char kNames[] = "('labrec_head', 'labrec_bucket', 'labrec_row')";

// Everything of the tables that could make a statement do something else, one line each.
constexpr char kDescribeSchema[] =
    "SELECT (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) "
    "||"
    " CASE WHEN a.attnotnull THEN '' ELSE ' NULL' END || CASE WHEN a.atthasdef THEN ' DEFAULT' ELSE '' END,"
    " ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND"
    " NOT a.attisdropped) || '; ' || (SELECT string_agg(pg_get_constraintdef(k.oid), ', ' ORDER BY k.contype)"
    " FROM pg_constraint k WHERE k.conrelid = c.oid) || '; ' ||"
    " (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid)::text || ' index',"
    " c.relpersistence::text, c.relkind::text,"
    " EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid),"
    " EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid),"
    " c.relrowsecurity OR c.relforcerowsecurity OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid),"
    " EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid OR h.inhrelid = c.oid), c.relname::text"
    " FROM pg_class c WHERE c.oid IN (to_regclass('labrec_head'), to_regclass('labrec_bucket'),"
    " to_regclass('labrec_row')) ORDER BY c.relname";
// Of bucket, head and row: the order of their names.
constexpr std::string_view kDescriptions[] = {
    "bucket integer, digest bytea, directory bytea; PRIMARY KEY (bucket); 1 index",
    "id integer, format integer, epoch bigint, root bytea, realm_id bytea, bucket_exponent "
    "integer, "
    "records bigint, discontinuities bigint, evidence bytea; CHECK ((id = 0)), PRIMARY KEY (id); 1 index",
    "bucket integer, key bytea, content bytea; PRIMARY KEY (bucket, key); 1 index"};

absl::Status CheckTable(const Result& found, int row, std::string_view wanted) {
  const std::string table = found.Text(row, 7);
  const auto refuse = [&](const char* why) {
    return absl::FailedPreconditionError(absl::StrCat("table ", table, " ", why));
  };
  if (found.Text(row, 2) != "r")
    return refuse("is no plain table: a view or a partition stands in its place");
  if (found.Text(row, 1) == "u") {
    return refuse("is UNLOGGED: a crash empties it, and no standby has it; ALTER TABLE ... SET LOGGED");
  }
  if (found.Text(row, 1) != "p") return refuse("is a temporary one");
  if (found.Bool(row, 3)) return refuse("has a trigger: what is written is not what it keeps; DROP TRIGGER");
  if (found.Bool(row, 4)) return refuse("has a rule: what is written is not what it keeps; DROP RULE");
  if (found.Bool(row, 5)) return refuse("has row security: rows would be hidden; DISABLE ROW LEVEL SECURITY");
  if (found.Bool(row, 6)) return refuse("has a parent or children: their rows would be read as its own");
  if (found.Text(row, 0) == wanted) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("table ", table,
                                          " is not that of a ledger of version 1: it was changed (\"",
                                          found.Text(row, 0), "\"); restore it from a backup"));
}

}  // namespace

absl::StatusOr<bool> HasSchema(Connection& connection) {
  LABREC_ASSIGN_OR_RETURN(
      const Result found,
      connection.Run(
          "SELECT to_regclass('labrec_head') IS NOT NULL OR to_regclass('labrec_bucket') IS NOT NULL"
          " OR to_regclass('labrec_row') IS NOT NULL",
          {}, "looking for a ledger"));
  return found.Bool(0, 0);
}

absl::Status MakeSchema(Connection& connection) {
  const absl::Status made = connection.Execute(kTables, "making the ledger's tables");
  if (!made.ok() && !connection.broken()) connection.Execute("ROLLBACK", "making tables").IgnoreError();
  return made;
}

absl::Status PutRebuiltInPlace(Connection& connection) {
  const absl::Status put = connection.Execute(kPutInPlace, "putting the rebuilt ledger in place");
  if (!put.ok() && !connection.broken()) {
    connection.Execute("ROLLBACK", "putting the rebuilt ledger in place").IgnoreError();
  }
  return put;
}

absl::Status DropSchema(Connection& connection) {
  return connection.Execute("DROP TABLE labrec_head, labrec_bucket, labrec_row",
                            "removing the ledger's tables");
}

absl::Status CheckSchema(Connection& connection) {
  LABREC_ASSIGN_OR_RETURN(const Result found,
                          connection.Run(kDescribeSchema, {}, "looking at the ledger's tables"));
  if (found.rows() != static_cast<int>(std::size(kDescriptions))) {
    return absl::DataLossError(absl::StrCat(3 - found.rows(), " of the ledger's tables ", kNames,
                                            " are missing: restore them from a backup"));
  }
  for (int row = 0; row < found.rows(); ++row) {
    LABREC_RETURN_IF_ERROR(CheckTable(found, row, kDescriptions[row]));
  }
  LABREC_ASSIGN_OR_RETURN(const Result head, connection.Run("SELECT format FROM labrec_head WHERE id = 0", {},
                                                            "asking for the ledger's version"));
  if (head.rows() == 0 || head.Int4(0, 0) == 1) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the ledger has format ", head.Int4(0, 0), ", this program works with format 1"));
}

}  // namespace labrec::recovery::postgres
