// SPDX-License-Identifier: Apache-2.0
#pragma once

// A thread of the library: no signal of the program is delivered to it.

#include <functional>
#include <string>
#include <thread>

namespace troupe::os {

// `name` is what tools show, 15 characters of it.
std::thread masked_thread(const std::string& name, std::function<void()> body);

}  // namespace troupe::os
