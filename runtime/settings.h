//===- settings.h - constants that a run sets -------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// `--set NAME=VALUE` gives a constant of the model another value, where only
// numbers of the step follow from it; all else is compiled in.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_SETTINGS_H
#define GPTC_RUNTIME_SETTINGS_H

#include "view.h"

#include <utility>
#include <vector>

namespace gptc {

struct Settings {
  /// What `StepNumbers` takes.
  std::vector<double> given;
  /// The constants that have another value, in the program's order.
  std::vector<std::pair<std::string, double>> values;

  bool empty() const { return values.empty(); }
  /// `adam_lr=0.004 adam_eps=1e-08`, which `parseSettings` reads; empty if
  /// nothing is set.
  std::string text() const;
};

/// Reads NAME=VALUE words, of which `source` ("--set", or a file) gave each.
/// Throws an `Error` for what is no number, for an unknown constant and for one
/// that the program is made of; warns of what changes nothing.
Settings parseSettings(const ProgramView &program,
                       const std::vector<std::string> &words,
                       const std::string &source = "--set");

/// Throws an `Error` where a number of any step is out of its domain, or breaks
/// what the model requires, as the compiler would for these values.
void checkSettings(const ProgramView &program, const Settings &settings);

/// The program's fingerprint, in digits; another one where constants are set.
std::string runFingerprint(const ProgramView &program,
                           const Settings &settings);

} // namespace gptc

#endif // GPTC_RUNTIME_SETTINGS_H
