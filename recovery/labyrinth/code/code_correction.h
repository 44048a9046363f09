#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>

// The error correction of recovery codes: a [40, 36, 4] code over GF(32).
//
// A word c_0..c_39 belongs to the code if the sum of c_i * h_i is zero, the columns h_i being 40 points
// (1, x, y, x^2 + xy + y^2), or (0, 0, 0, 1), of an elliptic quadric in PG(3, 32). Tr(1) = 1 in GF(32), so
// the form has no zero but 0 and no line meets the quadric in more than two points: any 3 columns are
// independent. So for any 3 positions there is at most one correction of a word, and the corrections in up to
// 3 positions can be listed: about 300, rarely up to 1,000. They are told apart by what the code stands for.
// Every 4 columns independent, which would leave a single correction in 2 positions, is impossible at this
// length (an arc in PG(3, 32) has at most 33 points).
namespace labrec::recovery::labyrinth {

inline constexpr size_t kCodeLength = 40;
inline constexpr size_t kCodeDataLength = 36;
inline constexpr size_t kMostMended = 3;

using CodeWord = std::span<uint8_t, kCodeLength>;
using CodeColumn = std::array<uint8_t, 4>;

// h_i: positions 0..31 have x = i, y = x^3 + 2; 32..35 have x = i - 32, y = x^3 + 4; 36..39 have (x, y) =
// (0,0), (0,1), (1,0) and the point (0,0,0,1). Along these cubics no plane meets many of the points (on a
// line y = const 32 of them would be coplanar, and thousands of corrections of a word would compete).
CodeColumn ColumnOf(size_t position);

// Fills in positions 36..39.
void FillCheckSymbols(CodeWord word);

// Whether all 4 sums are zero. Time does not depend on the word.
bool IsCodeWord(std::span<const uint8_t, kCodeLength> word);

// Calls `accept` with every code word that differs from `word` in at most 3 positions (fewest first) until it
// returns true, and leaves that one in `word`. Otherwise `word` is as before and the result is false. The
// number of changed positions, if accepted, is left in `*corrected`. The time taken shows how far the search
// went.
bool MendCodeWord(CodeWord word, const std::function<bool(CodeWord)>& accept, size_t* corrected);

}  // namespace labrec::recovery::labyrinth
