//===- Curves.cpp - a picture of loss curves ------------------------------===//
//
// Part of gptc, under the MIT License.
//
// A run has a colour. Its training loss is a thin line, for it is noisy and
// there is much of it; its validation, which counts, a thick one with a dot
// where it was measured. The key stands in the corner where it hides least:
// that is the upper right, since losses fall, unless they do not.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Curves.h"
#include "compiler/tools/Axis.h"
#include "compiler/tools/Table.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Unicode.h"
#include <algorithm>
#include <cmath>

using namespace gptc;
using llvm::StringRef;

static constexpr double kWidth = 960, kHeight = 560;
static constexpr double kLeft = 76, kRight = 936, kTop = 52, kBottom = 496;
/// Of the key: between lines, a letter's width on average, of a sample of line.
static constexpr double kLine = 19, kLetter = 6.9, kSwatch = 30;

/// Colours that the colour-blind tell apart too, on white and on black.
static constexpr struct {
  const char *onLight, *onDark;
} kColours[] = {{"#0072b2", "#56b4e9"}, {"#d55e00", "#ff8f4d"},
                {"#009e73", "#35c99a"}, {"#b0478f", "#e391c8"},
                {"#8a6d00", "#e8c34a"}, {"#5b4fcf", "#a59cff"},
                {"#555555", "#c0c0c0"}};
static constexpr size_t kColourCount = std::size(kColours);
/// Of the second and third run of a colour.
static constexpr const char *kDashes[] = {"", "7 4", "2 3"};
static_assert(kColourCount * std::size(kDashes) == kMostCurves);

/// What XML can hold of a text that may be anything.
static std::string escape(StringRef text) {
  const llvm::UTF8 *begin = text.bytes_begin();
  bool valid = llvm::isLegalUTF8String(&begin, text.bytes_end());
  std::string result;
  for (unsigned char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (c == '"')
      result += "&quot;";
    else if (c < 32 || (c >= 128 && !valid))
      result += '?';
    else
      result += static_cast<char>(c);
  }
  return result;
}

namespace {
class Drawing {
public:
  Drawing(const Picture &picture, llvm::raw_ostream &os);

  void draw();

private:
  void begin();
  void axes();
  void path(size_t index, const char *classes, const std::vector<Point> &points,
            bool dots);
  void key();
  size_t hiddenBy(double left, double top, double width, double height) const;
  void text(double x, double y, const char *classes, StringRef text,
            const char *more = "");

  const Picture &picture;
  llvm::raw_ostream &os;
  Axis x, y;
};
} // namespace

/// The axis of a coordinate of all points.
static Axis axisOf(const Picture &picture, double Point::*coordinate,
                   double from, double to, int count, Axis::Kind kind) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const Curve &curve : picture.curves)
    for (const std::vector<Point> *points :
         {&curve.training, &curve.validation})
      for (const Point &point : *points) {
        low = std::min(low, point.*coordinate);
        high = std::max(high, point.*coordinate);
      }
  return {low, high, from, to, count, kind};
}

Drawing::Drawing(const Picture &picture, llvm::raw_ostream &os)
    : picture(picture), os(os),
      x(axisOf(picture, &Point::x, kLeft, kRight, 8,
               picture.wholeX ? Axis::Whole : Axis::Free)),
      y(axisOf(picture, &Point::y, kBottom, kTop, 7, Axis::Rounded)) {}

void Drawing::text(double x, double y, const char *classes, StringRef text,
                   const char *more) {
  os << formatText("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\"", x, y,
                   classes)
     << more << ">" << escape(text) << "</text>\n";
}

void Drawing::begin() {
  os << formatText("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:g}\" "
                   "height=\"{:g}\" viewBox=\"0 0 {:g} {:g}\" role=\"img\">\n",
                   kWidth, kHeight, kWidth, kHeight)
     << "<title>" << escape(picture.title) << "</title>\n<style>\n"
     << "text { font: 13px system-ui, 'DejaVu Sans', sans-serif; fill: #222 }\n"
        ".title { font-size: 17px; font-weight: 600 }\n"
        ".end { text-anchor: end }\n.middle { text-anchor: middle }\n"
        ".ground { fill: #fff }\n.key { fill: #fff; fill-opacity: 0.85 }\n"
        ".grid { stroke: #ddd; stroke-width: 1 }\n"
        ".axis { stroke: #666; stroke-width: 1 }\n"
        ".training, .validation { fill: none; stroke-linejoin: round }\n"
        ".training { stroke-width: 1; stroke-opacity: 0.5 }\n"
        ".validation { stroke-width: 2.2 }\n"
        ".sample { stroke: #222 }\n.dot.sample { fill: #222 }\n";
  for (size_t i = 0; i < kColourCount; ++i)
    os << formatText(".c{} {{ stroke: {} }} .dot.c{} {{ fill: {} }}\n", i,
                     kColours[i].onLight, i, kColours[i].onLight);
  os << "@media (prefers-color-scheme: dark) {\n"
        "text { fill: #ddd }\n.ground, .key { fill: #16181d }\n"
        ".grid { stroke: #33363d }\n.axis { stroke: #999 }\n"
        ".sample { stroke: #ddd }\n.dot.sample { fill: #ddd }\n";
  for (size_t i = 0; i < kColourCount; ++i)
    os << formatText(".c{} {{ stroke: {} }} .dot.c{} {{ fill: {} }}\n", i,
                     kColours[i].onDark, i, kColours[i].onDark);
  os << "}\n</style>\n"
     << formatText("<rect class=\"ground\" width=\"{:g}\" height=\"{:g}\"/>\n",
                   kWidth, kHeight);
}

void Drawing::axes() {
  text(kLeft, 30, "title", picture.title);
  auto line = [&](const char *classes, double x1, double y1, double x2,
                  double y2) {
    os << formatText("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" "
                     "x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
                     classes, x1, y1, x2, y2);
  };
  for (double tick : y.ticks()) {
    line("grid", kLeft, y.pixel(tick), kRight, y.pixel(tick));
    text(kLeft - 9, y.pixel(tick) + 4.5, "end", y.label(tick));
  }
  for (double tick : x.ticks()) {
    line("grid", x.pixel(tick), kTop, x.pixel(tick), kBottom);
    line("axis", x.pixel(tick), kBottom, x.pixel(tick), kBottom + 5);
    text(x.pixel(tick), kBottom + 21, "middle", x.label(tick));
  }
  line("axis", kLeft, kTop, kLeft, kBottom);
  line("axis", kLeft, kBottom, kRight, kBottom);
  text((kLeft + kRight) / 2, kBottom + 46, "middle", picture.xLabel);
  double middle = (kTop + kBottom) / 2;
  text(22, middle, "middle", picture.yLabel,
       formatText(" transform=\"rotate(-90 22 {:.1f})\"", middle).c_str());
}

/// Of the points that share a column of pixels the first, the least, the most
/// and the last: what is drawn looks the same, and a long run's file is small.
static std::vector<Point> thinned(const std::vector<Point> &pixels) {
  std::vector<Point> kept;
  for (size_t i = 0; i < pixels.size();) {
    size_t end = i, least = i, most = i;
    for (; end < pixels.size() &&
           std::floor(pixels[end].x) == std::floor(pixels[i].x);
         ++end) {
      least = pixels[end].y < pixels[least].y ? end : least;
      most = pixels[end].y > pixels[most].y ? end : most;
    }
    size_t chosen[] = {i, std::min(least, most), std::max(least, most),
                       end - 1};
    for (size_t k = 0; k < 4; ++k)
      if (k == 0 || chosen[k] != chosen[k - 1])
        kept.push_back(pixels[chosen[k]]);
    i = end;
  }
  return kept;
}

/// `stroke-dasharray`, where the curve needs one.
static std::string dashes(size_t index) {
  const char *pattern = kDashes[index / kColourCount];
  return *pattern ? formatText(" stroke-dasharray=\"{}\"", pattern) : "";
}

void Drawing::path(size_t index, const char *classes,
                   const std::vector<Point> &points, bool dots) {
  size_t colour = index % kColourCount;
  std::vector<Point> pixels;
  pixels.reserve(points.size());
  for (const Point &point : points)
    pixels.push_back({x.pixel(point.x), y.pixel(point.y)});
  if (pixels.size() > 1) {
    os << formatText("<path class=\"{} c{}\"", classes, colour) << dashes(index)
       << " d=\"M";
    for (const Point &p : thinned(pixels))
      os << formatText(" {:.1f},{:.1f}", p.x, p.y);
    os << "\"/>\n";
  }
  if (dots || pixels.size() == 1)
    for (const Point &p : pixels)
      os << formatText(
          "<circle class=\"dot c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.8\"/>\n",
          colour, p.x, p.y);
}

/// How much of the curves a rectangle would hide, in points a few pixels apart.
size_t Drawing::hiddenBy(double left, double top, double width,
                         double height) const {
  size_t hidden = 0;
  auto look = [&](const Point &p) {
    hidden +=
        p.x >= left && p.x <= left + width && p.y >= top && p.y <= top + height;
  };
  for (const Curve &curve : picture.curves)
    for (const std::vector<Point> *points :
         {&curve.training, &curve.validation})
      for (size_t i = 0; i < points->size(); ++i) {
        Point to{x.pixel((*points)[i].x), y.pixel((*points)[i].y)};
        Point from =
            i ? Point{x.pixel((*points)[i - 1].x), y.pixel((*points)[i - 1].y)}
              : to;
        int count = 1 + static_cast<int>(std::max(std::abs(to.x - from.x),
                                                  std::abs(to.y - from.y)) /
                                         4);
        for (int k = 1; k <= count; ++k)
          look({from.x + (to.x - from.x) * k / count,
                from.y + (to.y - from.y) * k / count});
      }
  return hidden;
}

void Drawing::key() {
  struct Row {
    std::string text, classes, dash;
    bool dot;
  };
  std::vector<Row> rows;
  bool trains = false, validates = false;
  for (auto [i, curve] : llvm::enumerate(picture.curves)) {
    std::string name = curve.name;
    if (!curve.validation.empty())
      name += formatText(", last val_loss {:.4f}", curve.validation.back().y);
    rows.push_back({name, formatText("validation c{}", i % kColourCount),
                    dashes(i), false});
    trains |= !curve.training.empty();
    validates |= !curve.validation.empty();
  }
  if (validates)
    rows.push_back({"validation loss", "validation sample", "", true});
  if (trains)
    rows.push_back({picture.trainingLabel, "training sample", "", false});
  int letters = 0;
  for (const Row &row : rows)
    letters = std::max(letters,
                       llvm::sys::unicode::columnWidthUTF8(escape(row.text)));
  double width = kSwatch + 26 + kLetter * letters;
  double height = kLine * double(rows.size()) + 10;
  double left = kRight - 6 - width, top = kTop + 6;
  size_t least = hiddenBy(left, top, width, height);
  for (double y : {kTop + 6, kBottom - 6 - height})
    for (double x : {kRight - 6 - width, kLeft + 6})
      if (size_t hidden = hiddenBy(x, y, width, height); hidden < least) {
        least = hidden;
        left = x;
        top = y;
      }
  os << formatText("<rect class=\"key\" x=\"{:.1f}\" y=\"{:.1f}\" "
                   "width=\"{:.1f}\" height=\"{:.1f}\" rx=\"4\"/>\n",
                   left, top, width, height);
  for (auto [i, row] : llvm::enumerate(rows)) {
    double middle = top + 5 + kLine * (double(i) + 0.5);
    os << formatText("<path class=\"{}\"", row.classes) << row.dash
       << formatText(" d=\"M {:.1f},{:.1f} h {:g}\"/>\n", left + 8, middle,
                     kSwatch);
    if (row.dot)
      os << formatText("<circle class=\"dot sample\" cx=\"{:.1f}\" "
                       "cy=\"{:.1f}\" r=\"2.8\"/>\n",
                       left + 8 + kSwatch / 2, middle);
    text(left + kSwatch + 16, middle + 4.5, "name", row.text);
  }
}

void Drawing::draw() {
  begin();
  axes();
  for (auto [i, curve] : llvm::enumerate(picture.curves))
    path(i, "training", curve.training, false);
  // Dots hide the line where they would touch.
  for (auto [i, curve] : llvm::enumerate(picture.curves))
    path(i, "validation", curve.validation,
         double(curve.validation.size()) <= (kRight - kLeft) / 8);
  key();
  os << "</svg>\n";
}

void gptc::writeSvg(const Picture &picture, llvm::raw_ostream &os) {
  Drawing(picture, os).draw();
}
