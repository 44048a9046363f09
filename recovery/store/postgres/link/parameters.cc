#include "recovery/store/postgres/link/parameters.h"

#include <utility>

#include "hsm/base/encoding.h"

namespace labrec::recovery::postgres {
namespace {

// src/include/catalog/pg_type.dat
constexpr Oid kBytea = 17, kInt8 = 20, kInt4 = 23, kText = 25, kOid = 26, kLsn = 3220;
constexpr Oid kByteas = 1001, kInt4s = 1007, kTexts = 1009;

void BeginArray(Writer& writer, Oid element, size_t size) {
  writer.U32(size == 0 ? 0 : 1).U32(0).U32(element);
  if (size > 0) writer.U32(static_cast<uint32_t>(size)).U32(1);
}

}  // namespace

Parameters& Parameters::Add(Oid type, Bytes value) {
  types_.push_back(type);
  values_.push_back(std::move(value));
  return *this;
}

Parameters& Parameters::Int4(uint32_t value) {
  return Add(kInt4, Writer().U32(value).bytes());
}
Parameters& Parameters::Int8(uint64_t value) {
  return Add(kInt8, Writer().U64(value).bytes());
}
Parameters& Parameters::Oid4(uint32_t value) {
  return Add(kOid, Writer().U32(value).bytes());
}
Parameters& Parameters::Lsn(uint64_t place) {
  return Add(kLsn, Writer().U64(place).bytes());
}
Parameters& Parameters::Bytea(ByteView value) {
  return Add(kBytea, ToBytes(value));
}
Parameters& Parameters::Text(const std::string& value) {
  return Add(kText, ToBytes(value));
}

Parameters& Parameters::Int4s(std::span<const uint32_t> values) {
  Writer writer;
  BeginArray(writer, kInt4, values.size());
  for (const uint32_t value : values) writer.U32(4).U32(value);
  return Add(kInt4s, std::move(writer).Take());
}

Parameters& Parameters::Byteas(std::span<const ByteView> values) {
  Writer writer;
  BeginArray(writer, kBytea, values.size());
  for (const ByteView value : values) writer.U32(static_cast<uint32_t>(value.size())).Raw(value);
  return Add(kByteas, std::move(writer).Take());
}

Parameters& Parameters::Texts(std::span<const std::string> values) {
  Writer writer;
  BeginArray(writer, kText, values.size());
  for (const std::string& value : values) writer.U32(static_cast<uint32_t>(value.size())).Raw(value);
  return Add(kTexts, std::move(writer).Take());
}

std::vector<const char*> Parameters::values() const {
  static constexpr char kNothing[1] = {};  // no null pointer: that would be NULL
  std::vector<const char*> pointers;
  pointers.reserve(values_.size());
  for (const Bytes& value : values_) {
    pointers.push_back(value.empty() ? kNothing : reinterpret_cast<const char*>(value.data()));
  }
  return pointers;
}

std::vector<int> Parameters::lengths() const {
  std::vector<int> lengths;
  lengths.reserve(values_.size());
  for (const Bytes& value : values_) lengths.push_back(static_cast<int>(value.size()));
  return lengths;
}

}  // namespace labrec::recovery::postgres
