// SPDX-License-Identifier: Apache-2.0
#pragma once

// All of troupe, for users. Our own code includes what it uses.

#include "troupe/base/buffer.hpp"
#include "troupe/base/clock.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/runtime/process/bind.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/process/process_options.hpp"
#include "troupe/runtime/process/stop_report.hpp"
#include "troupe/runtime/process/this_process.hpp"
#include "troupe/runtime/runtime.hpp"
#include "troupe/runtime/runtime_options.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/transports/address.hpp"
#include "troupe/transports/auth_key.hpp"
#include "troupe/transports/options.hpp"
