#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "hsm/base/bytes.h"

namespace labrec {

// A secret byte string. It lives in memory that is locked, left out of core dumps and wiped on release
// (OpenSSL's secure heap; when that is full, pages of its own treated likewise). It moves but does not copy:
// a copy is spelled Clone(). It cannot be printed, and compares only in constant time.
//
// Not promised: registers, stack temporaries of the crypto library, and a kernel that ignores mlock.
// Threads: as a std::vector; different objects may be used from different threads.
class SecretBytes {
 public:
  SecretBytes() = default;
  // `size` zero bytes.
  static SecretBytes OfSize(size_t size);
  static SecretBytes CopyOf(ByteView bytes);
  // The parts, one after the other.
  static SecretBytes Concat(std::initializer_list<ByteView> parts);
  // Takes the content of a buffer that some C or protobuf API handed out, and wipes it there.
  static SecretBytes TakeFrom(std::string& source);
  static SecretBytes TakeFrom(std::span<uint8_t> source);
  // `size` bytes of OpenSSL's private random generator. Aborts if the generator fails.
  static SecretBytes Random(size_t size);

  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  SecretBytes Clone() const { return CopyOf(view()); }
  // Constant time in the content; lengths are public.
  bool Equals(ByteView other) const;

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {data_, size_}; }
  std::span<uint8_t> mutable_view() { return {data_, size_}; }

  // Wipes and releases; the object is empty afterwards.
  void Clear();

 private:
  SecretBytes(uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// Overwrites memory in a way the compiler may not remove.
void Wipe(std::span<uint8_t> bytes);
void Wipe(std::string& text);

// Keeps secrets of the whole process out of core dumps and away from ptrace of other users' processes
// (RLIMIT_CORE 0, PR_SET_DUMPABLE 0). Programs call it first in main.
void ForbidCoreDumps();

}  // namespace labrec
