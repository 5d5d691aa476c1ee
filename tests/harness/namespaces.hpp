// SPDX-License-Identifier: Apache-2.0
#pragma once

// Namespaces of a test's own: what a container has. For the calling process, which is to be a Child
// and to have one thread.

#include <string>

namespace troupe::harness {

// Leaves the machine's namespaces `kinds` (CLONE_NEWNS, …) for new ones, in which this process may
// do what root may, and mounts are its own. A new PID namespace is the next Child's. Others than
// root get a user namespace as well, where root stands for them. False where the system forbids it.
bool enter_namespaces(int kinds);

// `folder` is seen at `place` too.
void bind_mount(const std::string& folder, const std::string& place);
// An empty file system in memory at `place`.
void mount_tmpfs(const std::string& place, const std::string& options = {});

// The status of a Child that could not enter: its test skips.
inline constexpr int kNoNamespaces = 77;

}  // namespace troupe::harness
