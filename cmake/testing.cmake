# SPDX-License-Identifier: Apache-2.0
# The functions that make our tests.

set(TROUPE_TEST_TIMEOUT_FACTOR 1 CACHE STRING "Multiplies every test's timeout; sanitizers need it")

# Applies the arguments that all kinds of tests share.
function(troupe_set_test_properties name timeout labels)
  if(NOT timeout)
    set(timeout 60)
  endif()
  math(EXPR timeout "${timeout} * ${TROUPE_TEST_TIMEOUT_FACTOR}")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} LABELS "${labels}")
endfunction()

# troupe_add_test(<name> SOURCES <file>... [DEPENDS <target>...] [LABELS <label>...]
#   [TIMEOUT <seconds>])
#
# Makes a GoogleTest program with the main of tests/main.cpp, and one CTest test that runs it.
function(troupe_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "troupe_add_test(${name}): unknown argument ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE
    troupe_test_main troupe::troupe ${ARG_DEPENDS} GTest::gtest troupe_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name})
  troupe_set_test_properties(${name} "${ARG_TIMEOUT}" "${ARG_LABELS}")
endfunction()
