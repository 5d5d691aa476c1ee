# SPDX-License-Identifier: Apache-2.0
# Installs BUILD to PREFIX, which holds nothing else afterwards.
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

file(GLOB_RECURSE private "${PREFIX}/include/*/internal/*" "${PREFIX}/include/*.cpp")
if(private)
  message(FATAL_ERROR "installed, but private: ${private}")
endif()
