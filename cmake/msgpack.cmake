# SPDX-License-Identifier: Apache-2.0
# msgpack-c, for the tests and benchmarks that compare with it: the target troupe_msgpack, when found.
# By its header, because the name of its CMake package differs from version to version, and Debian's
# asks for Boost, which the library can do without.

find_path(TROUPE_MSGPACK_INCLUDE_DIR msgpack.hpp)
mark_as_advanced(TROUPE_MSGPACK_INCLUDE_DIR)
if(TROUPE_MSGPACK_INCLUDE_DIR)
  add_library(troupe_msgpack INTERFACE)
  target_include_directories(troupe_msgpack SYSTEM INTERFACE "${TROUPE_MSGPACK_INCLUDE_DIR}")
  target_compile_definitions(troupe_msgpack INTERFACE MSGPACK_NO_BOOST)
endif()
