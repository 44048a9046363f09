#pragma once

#include <vector>

#include "recovery/store/postgres/link/connection.h"
#include "recovery/store/postgres/link/patience.h"

namespace labrec::recovery::postgres {

// Prepared statements that go to the server together, behind one Sync: in one round trip, and after the first
// error the server skips the rest of them. Threads: one.
class Pipeline {
 public:
  Pipeline(Connection& connection, Patience& patience) : connection_(connection), patience_(patience) {}

  Pipeline& Add(const char* prepared, Parameters parameters = {});

  // The results in order. They are fewer than the statements where the connection was lost or the wait given
  // up: the last of them may say why, and nobody knows what became of its statement and of those behind it.
  // After that the connection is dropped.
  std::vector<Result> Run();

 private:
  struct Step {
    const char* prepared;
    Parameters parameters;
  };
  bool Send();
  bool WaitForResult();
  bool Collect(std::vector<Result>& results);

  Connection& connection_;
  Patience& patience_;
  std::vector<Step> steps_;
};

}  // namespace labrec::recovery::postgres
