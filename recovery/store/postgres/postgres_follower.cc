#include "recovery/store/postgres/postgres_follower.h"

#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/store/postgres/ledger_lock.h"
#include "recovery/store/postgres/link/server_url.h"
#include "recovery/store/postgres/reads.h"
#include "recovery/store/postgres/session.h"

namespace labrec::recovery::postgres {
namespace {

class PostgresFollower : public StoreFollower {
 public:
  explicit PostgresFollower(Connection connection) : connection_(std::move(connection)) {}

  absl::StatusOr<std::optional<Holder>> FindHolder() override {
    LABREC_ASSIGN_OR_RETURN(std::optional<LockHolder> holder, FindLockHolder(connection_));
    if (!holder) return std::nullopt;
    return Holder{std::move(holder->name), holder->silent_for};
  }

  absl::StatusOr<std::optional<HeadRow>> ReadHead() override {
    LABREC_ASSIGN_OR_RETURN(const Result result, AskHead(connection_));
    return HeadFrom(result);
  }

  // A transaction that is left open ends with its connection: an error makes this follower useless.
  absl::StatusOr<std::optional<HeadRow>> ReadState(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) override {
    LABREC_RETURN_IF_ERROR(connection_.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "looking"));
    absl::StatusOr<std::optional<HeadRow>> head = ReadHead();
    LABREC_RETURN_IF_ERROR(head.status());
    LABREC_RETURN_IF_ERROR(ScanDigests(connection_, visit));
    LABREC_RETURN_IF_ERROR(connection_.Execute("COMMIT", "looking"));
    return head;
  }

 private:
  Connection connection_;
};

}  // namespace
}  // namespace labrec::recovery::postgres

namespace labrec::recovery {

absl::StatusOr<std::unique_ptr<StoreFollower>> OpenPostgresFollower(const PostgresOptions& options) {
  LABREC_RETURN_IF_ERROR(CheckPostgresOptions(options));
  LABREC_ASSIGN_OR_RETURN(const std::vector<postgres::ServerPlace> places,
                          postgres::ParseServerUrl(options.url));
  LABREC_ASSIGN_OR_RETURN(postgres::Connection connection, postgres::OpenLookingConnection(places, options));
  LABREC_RETURN_IF_ERROR(postgres::PrepareReads(connection));
  return std::make_unique<postgres::PostgresFollower>(std::move(connection));
}

}  // namespace labrec::recovery
