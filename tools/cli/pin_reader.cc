#include "tools/cli/pin_reader.h"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "hsm/base/status_macros.h"
#include "pin/pin_text.h"
#include "tools/cli/prompts.h"

namespace labrec::cli {
namespace {

constexpr size_t kLongestLine = 4096;  // as typed: form NFC may have fewer bytes
constexpr uint8_t kCtrlC = 0x03, kCtrlD = 0x04, kBackspace = 0x08, kCtrlU = 0x15, kDelete = 0x7F;

// A PIN as it grows: fixed memory, so that no copy of it is left behind.
class Line {
 public:
  // False if it is full.
  bool Add(uint8_t byte) {
    if (size_ == bytes_.size()) return false;
    bytes_.data()[size_++] = byte;
    return true;
  }
  // Takes the last UTF-8 character off.
  void Erase() {
    while (size_ > 0 && (bytes_.data()[--size_] & 0xC0) == 0x80) {
    }
  }
  void Clear() { size_ = 0; }

  absl::StatusOr<SecretBytes> Take() const { return pin::NormalizePin(bytes_.view().first(size_)); }
  // The line ended with LF: what is left of CR LF.
  void DropCarriageReturn() {
    if (size_ > 0 && bytes_.data()[size_ - 1] == '\r') --size_;
  }

 private:
  SecretBytes bytes_ = SecretBytes::OfSize(kLongestLine);
  size_t size_ = 0;
};

absl::Status TooLong() {
  return absl::InvalidArgumentError("the PIN is longer than 1024 bytes");
}

// One byte; OUT_OF_RANGE at the end of the input.
absl::StatusOr<uint8_t> ReadByte(int fd) {
  uint8_t byte = 0;
  ssize_t count = 0;
  do {
    count = read(fd, &byte, 1);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return absl::ErrnoToStatus(errno, "reading the PIN");
  if (count == 0) return absl::OutOfRangeError("the input ended before a PIN came");
  return byte;
}

absl::StatusOr<SecretBytes> ReadLine(int fd) {
  Line line;
  for (;;) {
    const absl::StatusOr<uint8_t> byte = ReadByte(fd);
    if (!byte.ok() && !absl::IsOutOfRange(byte.status())) return byte.status();
    if (!byte.ok() || *byte == '\n') {
      line.DropCarriageReturn();
      return line.Take();
    }
    if (!line.Add(*byte)) return TooLong();
  }
}

// The controlling terminal with echo off. Keys that make signals arrive as bytes, so that an interrupted
// prompt leaves the terminal as it was.
class Terminal {
 public:
  static absl::StatusOr<Terminal> Open() {
    if (prompts_forbidden) {
      return absl::FailedPreconditionError(
          "--no-input: nobody is asked for the PIN; use --pin-stdin and give it on standard input");
    }
    const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    termios saved{};
    if (fd < 0 || tcgetattr(fd, &saved) != 0) {
      if (fd >= 0) close(fd);
      return absl::FailedPreconditionError(
          "there is no terminal to ask for the PIN: use --pin-stdin and give it on standard input");
    }
    termios quiet = saved;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0) {
      close(fd);
      return absl::ErrnoToStatus(errno, "switching off the terminal's echo");
    }
    return Terminal(fd, saved);
  }
  Terminal(Terminal&& other) noexcept : fd_(other.fd_), saved_(other.saved_) { other.fd_ = -1; }
  Terminal& operator=(Terminal&&) = delete;
  ~Terminal() {
    if (fd_ < 0) return;
    tcsetattr(fd_, TCSAFLUSH, &saved_);
    close(fd_);
  }

  absl::StatusOr<SecretBytes> Ask(std::string_view prompt) {
    Write(prompt);
    absl::StatusOr<SecretBytes> pin = ReadTyped();
    Write("\n");
    return pin;
  }

 private:
  Terminal(int fd, const termios& saved) : fd_(fd), saved_(saved) {}

  absl::StatusOr<SecretBytes> ReadTyped() {
    Line line;
    for (;;) {
      LABREC_ASSIGN_OR_RETURN(const uint8_t byte, ReadByte(fd_));
      if (byte == '\n' || byte == '\r' || byte == kCtrlD) return line.Take();
      if (byte == kCtrlC) return absl::CancelledError("no PIN given");
      if (byte == kBackspace || byte == kDelete) {
        line.Erase();
      } else if (byte == kCtrlU) {
        line.Clear();
      } else if (!line.Add(byte)) {
        return TooLong();
      }
    }
  }

  void Write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = write(fd_, text.data(), text.size());
      if (count <= 0) return;
      text.remove_prefix(static_cast<size_t>(count));
    }
  }

  int fd_;
  termios saved_;
};

}  // namespace

absl::StatusOr<SecretBytes> ReadPin(PinSource source, const std::string& prompt) {
  if (source == PinSource::kStandardInput) return ReadLine(STDIN_FILENO);
  LABREC_ASSIGN_OR_RETURN(Terminal terminal, Terminal::Open());
  return terminal.Ask(prompt + ": ");
}

absl::StatusOr<SecretBytes> ReadNewPin(PinSource source, const std::string& prompt) {
  LABREC_ASSIGN_OR_RETURN(SecretBytes pin, ReadPin(source, prompt));
  if (source == PinSource::kStandardInput) return pin;
  LABREC_ASSIGN_OR_RETURN(const SecretBytes again, ReadPin(source, prompt + " again"));
  if (!pin.Equals(again.view()))
    return absl::InvalidArgumentError("the two PINs differ; nothing was changed");
  return pin;
}

}  // namespace labrec::cli
