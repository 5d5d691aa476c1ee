// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/body.hpp"

namespace troupe::process {

void write_function(Writer& writer, AnyFunction function) {
  auto id = identify(function);
  if (!id) {
    writer.fail(id.error());
    return;
  }
  writer.value(*id);
}

AnyFunction read_function(Reader& reader) {
  const auto id = reader.value<FunctionId>();
  if (!id) return nullptr;
  auto function = find_function(*id);
  if (!function) {
    reader.fail(function.error());
    return nullptr;
  }
  return *function;
}

}  // namespace troupe::process
