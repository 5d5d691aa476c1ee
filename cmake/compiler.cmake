# SPDX-License-Identifier: Apache-2.0
# What every target of ours is compiled with; nothing here reaches a user of the libraries.

if(NOT DEFINED CMAKE_CXX_STANDARD)
  set(CMAKE_CXX_STANDARD 20)
  set(CMAKE_CXX_EXTENSIONS OFF)
endif()

# Sources include "troupe/<folder>/x.hpp" through this directory of links, as users do when installed.
set(TROUPE_INCLUDE_DIR "${PROJECT_BINARY_DIR}/include")

add_library(troupe_warnings INTERFACE)
target_compile_options(troupe_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
  $<$<BOOL:${TROUPE_WERROR}>:-Werror>)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(TROUPE_CCACHE ccache)
  if(TROUPE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${TROUPE_CCACHE}")
  endif()
endif()

# The hash of the settings is on the command line, so that a changed setting lints everything again.
if(TROUPE_TIDY)
  file(GLOB settings "${PROJECT_SOURCE_DIR}/.clang-tidy" "${PROJECT_SOURCE_DIR}/*/.clang-tidy")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${settings})
  set(hashes "")
  foreach(file IN LISTS settings)
    file(SHA1 "${file}" hash)
    string(APPEND hashes "${hash}")
  endforeach()
  string(SHA1 hashes "${hashes}")
  set(CMAKE_CXX_CLANG_TIDY clang-tidy-14 --quiet "--extra-arg=-DTROUPE_TIDY_SETTINGS=0x${hashes}")
  if(TROUPE_ANALYZE)
    list(APPEND CMAKE_CXX_CLANG_TIDY "--checks=-*,clang-analyzer-*")
  endif()
endif()
