#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "hsm/base/bytes.h"
#include "hsm/base/text/utf8.h"
#include "recovery/api/wire/fields.h"

namespace labrec::recovery::wire {

// A message is a struct with one list of its fields, in the order of their numbers, for both directions:
//
//   struct EvaluateRequest {
//     std::string record;
//     uint32_t version = 0;
//     std::vector<Bytes> elements;
//     template <typename Self, typename Visitor>
//     static void Fields(Self& m, Visitor&& at) { at(1, m.record); at(2, m.version); at(3, m.elements); }
//   };
//
// std::string is "string" (UTF-8), Bytes is "bytes", std::optional a field with presence, std::vector a
// repeated one, std::variant<std::monostate, ...> a oneof: at(OneOf<1, 2>(), m.outcome).
//
// Encode gives protobuf's own deterministic bytes. Decode takes what protobuf's parser takes (unknown fields
// are dropped, the last of several counts, messages that come twice are merged), but no groups.

template <uint32_t... kNumbers>
struct OneOf {};

template <typename M>
Bytes Encode(const M& message);
// False if the bytes are no message; `into` is then half filled.
template <typename M>
bool DecodeInto(ByteView bytes, M& into);
template <typename M>
std::optional<M> Decode(ByteView bytes) {
  M message;
  if (!DecodeInto(bytes, message)) return std::nullopt;
  return message;
}

template <typename T>
concept Integer = std::integral<T> || std::is_enum_v<T>;
// As in the encoding: negative numbers have all of their 64 bits.
template <Integer T>
uint64_t ToVarint(T value) {
  return static_cast<uint64_t>(
      static_cast<std::conditional_t<std::is_unsigned_v<T>, uint64_t, int64_t>>(value));
}
template <Integer T>
T FromVarint(uint64_t value) {
  if constexpr (std::is_same_v<T, bool>) return value != 0;
  return static_cast<T>(value);
}

// Writes fields that are not at their default.
class EncodeVisitor {
 public:
  template <Integer T>
  void operator()(uint32_t number, const T& value) {
    if (ToVarint(value) != 0) out.Varint(number, ToVarint(value));
  }
  void operator()(uint32_t number, const std::string& value) {
    if (!value.empty()) Always(number, value);
  }
  void operator()(uint32_t number, const Bytes& value) {
    if (!value.empty()) Always(number, value);
  }
  template <typename T>
  void operator()(uint32_t number, const std::optional<T>& value) {
    if (value) Always(number, *value);
  }
  template <typename T>
  void operator()(uint32_t number, const std::vector<T>& values) {
    for (const T& value : values) Always(number, value);
  }
  void operator()(uint32_t number, const std::vector<uint32_t>& values) {
    if (values.empty()) return;
    FieldWriter packed;
    for (const uint32_t value : values) packed.Element(value);
    out.Text(number, std::move(packed).Take());
  }
  template <uint32_t... kNumbers, typename... Ts>
  void operator()(OneOf<kNumbers...>, const std::variant<std::monostate, Ts...>& value) {
    (..., WriteIf<Ts>(kNumbers, value));
  }
  FieldWriter out;

 private:
  template <Integer T>
  void Always(uint32_t number, const T& value) {
    out.Varint(number, ToVarint(value));
  }
  void Always(uint32_t number, const std::string& value) { out.Text(number, AsBytes(value)); }
  void Always(uint32_t number, const Bytes& value) { out.Text(number, value); }
  template <typename M>
  void Always(uint32_t number, const M& message) {
    out.Text(number, Encode(message));
  }
  template <typename T, typename Variant>
  void WriteIf(uint32_t number, const Variant& value) {
    if (const T* held = std::get_if<T>(&value)) Always(number, *held);
  }
};

// Puts one field of the wire into the member of its number, if its type is that member's.
class DecodeVisitor {
 public:
  explicit DecodeVisitor(const Field& field) : field_(field) {}
  bool ok = true;

  template <typename T>
  void operator()(uint32_t number, T& value) {
    if (number == field_.number) Take(value);
  }
  template <uint32_t... kNumbers, typename... Ts>
  void operator()(OneOf<kNumbers...>, std::variant<std::monostate, Ts...>& value) {
    (..., TakeIf<Ts>(kNumbers, value));
  }

 private:
  bool IsText() const { return field_.type == WireType::kBytes; }
  template <Integer T>
  void Take(T& value) {
    if (field_.type == WireType::kVarint) value = FromVarint<T>(field_.varint);
  }
  void Take(std::string& value) {
    if (!IsText()) return;
    value = ToString(field_.bytes);
    ok = IsUtf8(value);
  }
  void Take(Bytes& value) {
    if (IsText()) value = ToBytes(field_.bytes);
  }
  template <typename T>
  void Take(std::optional<T>& value) {
    if (!Fits<T>()) return;
    if (!value) value.emplace();
    Take(*value);
  }
  template <typename T>
  void Take(std::vector<T>& values) {
    if (Fits<T>()) Take(values.emplace_back());
  }
  // Packed or not: parsers take both.
  void Take(std::vector<uint32_t>& values) {
    if (field_.type == WireType::kVarint) Take(values.emplace_back());
    if (!IsText()) return;
    FieldReader packed(field_.bytes);
    while (!packed.AtEnd()) {
      const auto value = packed.Varint();
      if (value) values.push_back(static_cast<uint32_t>(*value));
    }
    ok = packed.ok();
  }
  template <typename M>
  void Take(M& message) {
    if (IsText()) ok = DecodeInto(field_.bytes, message);
  }
  template <typename T>
  bool Fits() const {
    return field_.type == (Integer<T> ? WireType::kVarint : WireType::kBytes);
  }
  template <typename T, typename Variant>
  void TakeIf(uint32_t number, Variant& value) {
    if (number != field_.number || !Fits<T>()) return;
    if (!std::holds_alternative<T>(value)) value.template emplace<T>();
    Take(std::get<T>(value));
  }

  const Field& field_;
};

template <typename M>
Bytes Encode(const M& message) {
  EncodeVisitor visitor;
  M::Fields(message, visitor);
  return std::move(visitor.out).Take();
}

template <typename M>
bool DecodeInto(ByteView bytes, M& into) {
  FieldReader reader(bytes);
  while (const auto field = reader.Next()) {
    DecodeVisitor visitor(*field);
    M::Fields(into, visitor);
    if (!visitor.ok) return false;
  }
  return reader.ok();
}

}  // namespace labrec::recovery::wire
