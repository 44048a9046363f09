#include "recovery/store/postgres/link/pipeline.h"

#include <utility>

namespace labrec::recovery::postgres {

Pipeline& Pipeline::Add(const char* prepared, Parameters parameters) {
  steps_.push_back({prepared, std::move(parameters)});
  return *this;
}

std::vector<Result> Pipeline::Run() {
  std::vector<Result> results;
  if (!Send() || !Collect(results)) connection_.Drop();
  return results;
}

// What the server answers is short, so it never waits for this side to read while this side still sends.
bool Pipeline::Send() {
  PGconn* const connection = connection_.get();
  if (PQenterPipelineMode(connection) != 1) return false;
  for (const Step& step : steps_) {
    const Parameters& parameters = step.parameters;
    if (PQsendQueryPrepared(connection, step.prepared, parameters.count(), parameters.values().data(),
                            parameters.lengths().data(), parameters.formats().data(), 1) != 1) {
      return false;
    }
  }
  return PQpipelineSync(connection) == 1;
}

bool Pipeline::WaitForResult() {
  while (PQisBusy(connection_.get()) != 0) {
    if (!patience_.WaitFor(PQsocket(connection_.get()))) return false;
    if (PQconsumeInput(connection_.get()) == 0) return true;  // PQgetResult says what happened
  }
  return true;
}

bool Pipeline::Collect(std::vector<Result>& results) {
  PGconn* const connection = connection_.get();
  while (results.size() < steps_.size()) {
    if (!WaitForResult()) return false;
    Result result(PQgetResult(connection));
    if (result.null()) return false;
    results.push_back(std::move(result));
    if (connection_.broken() || !WaitForResult()) return false;
    Result(PQgetResult(connection));  // null: the end of this statement's results
  }
  if (!WaitForResult()) return false;
  return Result(PQgetResult(connection)).kind() == PGRES_PIPELINE_SYNC && PQexitPipelineMode(connection) == 1;
}

}  // namespace labrec::recovery::postgres
