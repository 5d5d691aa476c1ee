// SPDX-License-Identifier: Apache-2.0
#pragma once

// subprocess: programs that are not ours, run to their end: Python's subprocess.run. Popen has the
// ones that are talked to meanwhile.
//
//   auto sorted = subprocess::run({"sort", "-u"}, {.input = words, .capture = true}).value();
//   if (sorted.exit.ok()) use(sorted.out);

#include "troupe/runtime/process/popen.hpp"

namespace troupe::subprocess {

// Starts `command` as Popen::start does, gives it Options::input, and waits for its end and for
// that of its captured outputs, of any size. After Options::until its process group is sent
// SIGTERM, Options::grace later SIGKILL, and what came is returned, with timed_out set. How it
// ended is in Completed::exit, and is no error unless Options::check is set: then `failed`, with
// the exit code (or minus the signal) as application_code() and the end of its err in the text, or
// timed_out, or overloaded (it wrote more than Options::max_output). Errors also: Popen::start's;
// cancelled (the runtime stops; the program is ended).
Result<Completed> run(RuntimeCore& runtime, std::vector<std::string> command, Options options = {});
// In the thread's current runtime.
Result<Completed> run(std::vector<std::string> command, Options options = {});

}  // namespace troupe::subprocess
