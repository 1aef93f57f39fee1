//===- WindowTest.cpp - which elements views of a buffer share ------------===//
//
// Part of gptc, under the MIT License.
//
// Each answer about two windows is held to the elements themselves, of all
// small windows against all.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Kernels.h"
#include <gtest/gtest.h>

namespace gptc::test {
namespace {

using Row = std::pair<int64_t, int64_t>; // its first element, and its end

std::vector<Row> rowsOf(const Window &w) {
  std::vector<Row> rows;
  for (int64_t t = 0; t < w.rows; ++t)
    rows.push_back(
        {w.offset + t * w.stride, w.offset + t * w.stride + w.columns});
  return rows;
}

bool share(const Window &a, const Window &b) {
  for (const Row &x : rowsOf(a))
    for (const Row &y : rowsOf(b))
      if (x.first < y.second && y.first < x.second)
        return true;
  return false;
}

/// From the first element to the last, with all that lies between.
Row extentOf(const Window &w) {
  return {w.offset, w.offset + (w.rows - 1) * w.stride + w.columns};
}

/// The rows lie in the rows of a matrix `length` wide.
bool liesInRows(const Window &w, int64_t length) {
  return w.offset % length + w.columns <= length;
}

/// Windows in rows of 4 and of 5, some beyond a row's end; of one row, whose
/// stride says nothing; of rows that are one row.
std::vector<Window> windows() {
  std::vector<Window> all;
  for (int64_t offset = 0; offset < 10; ++offset)
    for (int64_t columns = 1; columns <= 5; ++columns) {
      for (int64_t stride : {1, 7})
        all.push_back({offset, 1, stride, columns});
      for (int64_t rows : {2, 3})
        for (int64_t stride : {0, 4, 5})
          all.push_back({offset, rows, stride, columns});
    }
  return all;
}

std::string textOf(const Window &a, const Window &b) {
  std::string text;
  for (const Window &w : {a, b})
    text += "(offset " + std::to_string(w.offset) + ", rows " +
            std::to_string(w.rows) + ", stride " + std::to_string(w.stride) +
            ", columns " + std::to_string(w.columns) + ") ";
  return text;
}

template <typename Holds> void forAllPairs(Holds holds) {
  for (const Window &a : windows())
    for (const Window &b : windows())
      ASSERT_TRUE(holds(a, b)) << textOf(a, b);
}

} // namespace

TEST(Window, OverlapsWhereElementsAreShared) {
  forAllPairs([](const Window &a, const Window &b) {
    bool alone = a.rows == 1 && b.rows == 1;
    bool alike = a.rows == 1 || b.rows == 1 || a.stride == b.stride;
    int64_t length = a.rows > 1 ? a.stride : b.stride;
    if (alone ||
        (alike && length > 0 && liesInRows(a, length) && liesInRows(b, length)))
      return a.overlaps(b) == share(a, b);
    // Rows of two lengths, or beyond a row's end: where one reaches into what
    // lies between the other's first element and its last.
    Row x = extentOf(a), y = extentOf(b);
    return a.overlaps(b) == (x.first < y.second && y.first < x.second);
  });
}

TEST(Window, IsEqualWhereEachRowIs) {
  forAllPairs([](const Window &a, const Window &b) {
    return (a == b) == (rowsOf(a) == rowsOf(b));
  });
}

TEST(Window, HasTheRowsOfAnotherWhereNoOtherRowComesBetween) {
  forAllPairs([](const Window &a, const Window &b) {
    std::vector<Row> x = rowsOf(a), y = rowsOf(b);
    bool same = a.rows == b.rows && (a.rows == 1 || a.stride == b.stride);
    for (size_t t = 0; same && t + 1 < x.size(); ++t)
      same = std::max(x[t].second, y[t].second) <=
             std::min(x[t + 1].first, y[t + 1].first);
    return a.sameRows(b) == same;
  });
}

TEST(Window, HullHoldsBoth) {
  forAllPairs([](const Window &a, const Window &b) {
    if (!a.sameRows(b))
      return true;
    Window hull = a.hull(b);
    std::vector<Row> x = rowsOf(a), y = rowsOf(b), both = rowsOf(hull);
    for (size_t t = 0; t < both.size(); ++t)
      if (both[t] != Row(std::min(x[t].first, y[t].first),
                         std::max(x[t].second, y[t].second)))
        return false;
    return hull.contains(a) && hull.contains(b) &&
           a.contains(hull) == (a == hull);
  });
}

} // namespace gptc::test
