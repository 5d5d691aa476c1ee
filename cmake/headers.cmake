# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone, as c++20 and as gnu++20: the target `headers`, which `all` leaves out
# and ./dev lint builds. tests/build/ has the light form, which compiles them together.

get_property(headers GLOBAL PROPERTY TROUPE_HEADERS)
set(sources "")
foreach(header IN LISTS headers)
  set(source "${PROJECT_BINARY_DIR}/headers/${header}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${header}\"\n")
  list(APPEND sources "${source}")
endforeach()

add_custom_target(headers)
foreach(extensions IN ITEMS OFF ON)
  set(target troupe_headers_extensions_${extensions})
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(${target} PRIVATE
    troupe::troupe $<TARGET_NAME_IF_EXISTS:troupe_msgpack> troupe_warnings)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS ${extensions} CXX_CLANG_TIDY "")
  add_dependencies(headers ${target})
endforeach()
