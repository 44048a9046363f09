#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "hsm/base/bytes.h"

namespace labrec::recovery::postgres {

// The parameters of one statement in PostgreSQL's binary formats: integers big-endian, an array as the number
// of its dimensions, whether it has NULLs, its elements' type, its length and lower bound, and each element
// behind its length (PostgreSQL's array_recv). Copies what it is given.
class Parameters {
 public:
  Parameters& Int4(uint32_t value);
  Parameters& Int8(uint64_t value);  // bit for bit: from 2^63 on PostgreSQL shows it as a negative number
  Parameters& Bytea(ByteView value);
  Parameters& Oid4(uint32_t value);
  Parameters& Lsn(uint64_t place);  // in the write-ahead log
  Parameters& Text(const std::string& value);
  Parameters& Int4s(std::span<const uint32_t> values);
  Parameters& Byteas(std::span<const ByteView> values);
  Parameters& Texts(std::span<const std::string> values);

  int count() const { return static_cast<int>(values_.size()); }
  const Oid* types() const { return types_.data(); }
  // Borrow from this object, until it changes.
  std::vector<const char*> values() const;
  std::vector<int> lengths() const;
  std::vector<int> formats() const { return std::vector<int>(values_.size(), 1); }

 private:
  Parameters& Add(Oid type, Bytes value);
  std::vector<Oid> types_;
  std::vector<Bytes> values_;
};

}  // namespace labrec::recovery::postgres
