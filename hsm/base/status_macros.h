#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the function if `expr` (an absl::Status) is not OK.
#define LABREC_RETURN_IF_ERROR(expr)                                                       \
  do {                                                                                     \
    if (absl::Status labrec_status_ = (expr); !labrec_status_.ok()) return labrec_status_; \
  } while (false)

#define LABREC_CONCAT_INNER_(a, b) a##b
#define LABREC_CONCAT_(a, b) LABREC_CONCAT_INNER_(a, b)

// LABREC_ASSIGN_OR_RETURN(auto x, Make()): assigns the value, or returns the error.
#define LABREC_ASSIGN_OR_RETURN(lhs, expr) \
  LABREC_ASSIGN_OR_RETURN_(LABREC_CONCAT_(labrec_statusor_, __LINE__), lhs, expr)
#define LABREC_ASSIGN_OR_RETURN_(result, lhs, expr)    \
  auto result = (expr);                                \
  if (!result.ok()) return std::move(result).status(); \
  lhs = *std::move(result)
