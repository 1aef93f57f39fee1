//===- parameters.h - parameter files ---------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A parameter file is a safetensors file with one tensor per parameter of the
// program, by name and with its shape, each F32 or BF16 as the writer liked.
// Files of this program also say, as `gptc.steps` of their metadata, how many
// steps made them: what a step's schedules decide (windows, rotary frequencies)
// belongs to the parameters that were trained with it.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_PARAMETERS_H
#define GPTC_RUNTIME_PARAMETERS_H

#include "instance.h"
#include "settings.h"

#include <map>
#include <string>

namespace gptc {

/// Converts `count` elements, F32 and BF16 in any combination; to BF16 rounds
/// to nearest, ties to even. Addresses may be unaligned.
void convertElements(const std::byte *from, Element fromElement, std::byte *to,
                     Element toElement, uint64_t count);

/// Loads every parameter, and gives the number of steps that made them if the
/// file says so. Throws an `Error`, before it changes any, for a missing or
/// unknown name, a wrong shape, another dtype, a number of steps that is none.
std::optional<int64_t> loadParameters(Instance &instance,
                                      const std::string &path);

/// Writes every parameter, in the program's order and stored types, as `steps`
/// steps have left them. Events that are still ahead happen first: a table that
/// is tied until a later step has no value of its own yet, and the file holds
/// what the model reads in its place. So every file is complete. It also says
/// which constants the run had set. Without `complete` nothing happens first:
/// the file is right for the step that comes next.
void saveParameters(Instance &instance, const std::string &path, int64_t steps,
                    const Settings &settings = {}, bool complete = true);

/// What a parameter file says of itself: the steps that made it, and what the
/// run had set ("adam_lr=0.004", or nothing).
std::map<std::string, std::string> parameterNotes(int64_t steps,
                                                  const std::string &set);

/// The constants that the run had set which wrote the file. Throws an `Error`
/// for what the program cannot set.
Settings readSettings(const ProgramView &program, const std::string &path);

} // namespace gptc

#endif // GPTC_RUNTIME_PARAMETERS_H
