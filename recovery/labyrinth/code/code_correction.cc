#include "recovery/labyrinth/code/code_correction.h"

#include <optional>
#include <utility>

#include "recovery/labyrinth/code/gf32.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr CodeColumn PointOfQuadric(uint8_t x, uint8_t y) {
  return {1, x, y, static_cast<uint8_t>(Gf32Times(x, x) ^ Gf32Times(x, y) ^ Gf32Times(y, y))};
}

constexpr std::array<CodeColumn, kCodeLength> MakeColumns() {
  std::array<CodeColumn, kCodeLength> columns{};
  for (size_t i = 0; i < kCodeDataLength; ++i) {
    const auto x = static_cast<uint8_t>(i % 32);
    const uint8_t cube = Gf32Times(Gf32Times(x, x), x);
    columns[i] = PointOfQuadric(x, static_cast<uint8_t>(cube ^ (2 << (i / 32))));
  }
  columns[36] = PointOfQuadric(0, 0);
  columns[37] = PointOfQuadric(0, 1);
  columns[38] = PointOfQuadric(1, 0);
  columns[39] = {0, 0, 0, 1};
  return columns;
}

constexpr std::array<CodeColumn, kCodeLength> kColumns = MakeColumns();

CodeColumn Syndrome(std::span<const uint8_t> symbols) {
  CodeColumn sum{};
  for (size_t i = 0; i < symbols.size(); ++i) {
    for (size_t row = 0; row < 4; ++row) sum[row] ^= Gf32Times(symbols[i], kColumns[i][row]);
  }
  return sum;
}

// Up to 3 columns and the syndrome they must add up to, as 4 linear equations.
class Equations {
 public:
  Equations(std::span<const size_t> positions, const CodeColumn& syndrome) : count_(positions.size()) {
    for (size_t row = 0; row < 4; ++row) {
      for (size_t i = 0; i < count_; ++i) rows_[row][i] = kColumns[positions[i]][row];
      rows_[row][count_] = syndrome[row];
    }
  }

  // The coefficients, if there are any and none is zero. The columns are independent, so a pivot is always
  // found.
  std::optional<std::array<uint8_t, kMostMended>> Solve() {
    for (size_t column = 0; column < count_; ++column) Eliminate(column);
    for (size_t row = count_; row < 4; ++row) {
      if (rows_[row][count_] != 0) return std::nullopt;
    }
    std::array<uint8_t, kMostMended> solution{};
    for (size_t i = 0; i < count_; ++i) {
      solution[i] = rows_[i][count_];
      if (solution[i] == 0) return std::nullopt;
    }
    return solution;
  }

 private:
  void Eliminate(size_t column) {
    size_t pivot = column;
    while (rows_[pivot][column] == 0) ++pivot;
    std::swap(rows_[pivot], rows_[column]);
    const uint8_t inverse = Gf32Inverse(rows_[column][column]);
    for (uint8_t& entry : rows_[column]) entry = Gf32Times(entry, inverse);
    for (size_t row = 0; row < 4; ++row) {
      if (row != column) Subtract(row, column, rows_[row][column]);
    }
  }

  void Subtract(size_t row, size_t pivot, uint8_t factor) {
    for (size_t i = 0; i <= count_; ++i) rows_[row][i] ^= Gf32Times(factor, rows_[pivot][i]);
  }

  size_t count_;
  std::array<std::array<uint8_t, kMostMended + 1>, 4> rows_{};
};

// Tries the correction in exactly these positions, if there is one.
bool TryAt(CodeWord word, std::span<const size_t> positions, const CodeColumn& syndrome,
           const std::function<bool(CodeWord)>& accept) {
  const auto errors = Equations(positions, syndrome).Solve();
  if (!errors.has_value()) return false;
  for (size_t i = 0; i < positions.size(); ++i) word[positions[i]] ^= (*errors)[i];
  if (accept(word)) return true;
  for (size_t i = 0; i < positions.size(); ++i) word[positions[i]] ^= (*errors)[i];
  return false;
}

// Moves on to the next set of positions in lexicographic order; false after the last.
bool NextPositions(std::span<size_t> positions) {
  const size_t count = positions.size();
  for (size_t i = count; i-- > 0;) {
    if (positions[i] + (count - i) < kCodeLength) {
      ++positions[i];
      for (size_t j = i + 1; j < count; ++j) positions[j] = positions[j - 1] + 1;
      return true;
    }
  }
  return false;
}

}  // namespace

CodeColumn ColumnOf(size_t position) {
  return kColumns.at(position);
}

void FillCheckSymbols(CodeWord word) {
  const CodeColumn sum = Syndrome(word.first(kCodeDataLength));
  // Solves c36*(1,0,0,0) + c37*(1,0,1,1) + c38*(1,1,0,1) + c39*(0,0,0,1) = sum.
  word[36] = sum[0] ^ sum[1] ^ sum[2];
  word[37] = sum[2];
  word[38] = sum[1];
  word[39] = sum[1] ^ sum[2] ^ sum[3];
}

bool IsCodeWord(std::span<const uint8_t, kCodeLength> word) {
  const CodeColumn sum = Syndrome(word);
  return (sum[0] | sum[1] | sum[2] | sum[3]) == 0;
}

bool MendCodeWord(CodeWord word, const std::function<bool(CodeWord)>& accept, size_t* corrected) {
  *corrected = 0;
  if (IsCodeWord(word)) return accept(word);  // another code word differs in at least 4 positions
  const CodeColumn syndrome = Syndrome(word);
  for (size_t count = 1; count <= kMostMended; ++count) {
    std::array<size_t, kMostMended> all = {0, 1, 2};
    const std::span<size_t> positions = std::span(all).first(count);
    do {
      if (TryAt(word, positions, syndrome, accept)) {
        *corrected = count;
        return true;
      }
    } while (NextPositions(positions));
  }
  return false;
}

}  // namespace labrec::recovery::labyrinth
