// SPDX-License-Identifier: Apache-2.0
#pragma once

// Job control: children have process groups of their own, so the SIGTSTP of a terminal (Ctrl-Z)
// reaches only the program's first process. This hands it down the tree, and SIGCONT after it.

namespace troupe::process {

// A SIGTSTP has come: stops the children of all runtimes of this process, waits until they stand
// still, stops this process as if there had been no handler, and when it is continued continues
// them. A child that has not stopped after half a second gets SIGSTOP. Several threads may have
// been told of the same SIGTSTP: one does it. Detached children go on: they have a session of their
// own.
void suspend_with_children();

}  // namespace troupe::process
