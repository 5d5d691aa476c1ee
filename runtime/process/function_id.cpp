// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/function_id.hpp"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace troupe {
namespace {

std::span<const ElfW(Phdr)> segments_of(const dl_phdr_info& object) {
  return {object.dlpi_phdr, object.dlpi_phnum};
}

const char* at(const dl_phdr_info& object, std::uint64_t offset) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader describes objects by addresses
  return reinterpret_cast<const char*>(object.dlpi_addr + offset);
}

// Whether `offset` is in code of the object.
bool has_code_at(const dl_phdr_info& object, std::uint64_t offset) {
  return std::ranges::any_of(segments_of(object), [offset](const ElfW(Phdr) & segment) {
    return segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 &&
           offset >= segment.p_vaddr && offset - segment.p_vaddr < segment.p_memsz;
  });
}

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

// The build id in one segment of notes; empty when there is none.
std::string_view build_id_in(std::string_view notes) {
  constexpr std::string_view kOwner{"GNU\0", 4};
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note{};
    std::memcpy(&note, notes.data(), sizeof(note));
    notes.remove_prefix(sizeof(note));
    const std::size_t name = padded(note.n_namesz);
    if (name > notes.size() || note.n_descsz > notes.size() - name) return {};
    if (note.n_type == NT_GNU_BUILD_ID && notes.substr(0, note.n_namesz) == kOwner) {
      return notes.substr(name, note.n_descsz);
    }
    notes.remove_prefix(std::min(notes.size(), name + padded(note.n_descsz)));
  }
  return {};
}

std::string_view build_id_of(const dl_phdr_info& object) {
  for (const ElfW(Phdr) & segment : segments_of(object)) {
    if (segment.p_type == PT_NOTE) {
      const std::string_view id = build_id_in({at(object, segment.p_vaddr), segment.p_memsz});
      if (!id.empty()) return id;
    }
  }
  return {};
}

std::string hexadecimal(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte >> 4U)];
    text += kDigits[std::to_integer<unsigned>(byte & std::byte{0xF})];
  }
  return text;
}

std::string name_of(const dl_phdr_info& object) {
  return object.dlpi_name != nullptr && *object.dlpi_name != '\0' ? object.dlpi_name
                                                                  : "this program";
}

// Calls `visit` with each loaded object until it returns true; whether it did.
template <class Visit>
bool find_object(Visit visit) {
  return ::dl_iterate_phdr([](dl_phdr_info* object, std::size_t,
                              void* data) { return (*static_cast<Visit*>(data))(*object) ? 1 : 0; },
                           &visit) != 0;
}

}  // namespace

Result<FunctionId> identify(AnyFunction function) {
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  FunctionId id;
  std::string object_name;
  const bool found = find_object([&](const dl_phdr_info& object) {
    if (address < object.dlpi_addr || !has_code_at(object, address - object.dlpi_addr)) {
      return false;
    }
    object_name = name_of(object);
    const auto build_id = bytes_of(build_id_of(object));
    id = {Bytes(build_id.begin(), build_id.end()), address - object.dlpi_addr};
    return true;
  });
  if (!found) {
    return Error{Code::refused, "a function to send to a process is in no loaded object"};
  }
  if (id.build_id.empty()) {
    return Error{Code::refused, "cannot send a function of " + object_name +
                                    ": it has no build id; link it with -Wl,--build-id"};
  }
  return id;
}

Result<AnyFunction> find_function(const FunctionId& id) {
  AnyFunction function = nullptr;
  const bool found = find_object([&](const dl_phdr_info& object) {
    if (build_id_of(object) != text_of(id.build_id)) {
      return false;
    }
    if (has_code_at(object, id.offset)) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): an address is what travelled
      function = reinterpret_cast<AnyFunction>(object.dlpi_addr + id.offset);
    }
    return true;
  });
  if (function == nullptr) {
    return Error{Code::refused,
                 "cannot run a function of the object with build id " + hexadecimal(id.build_id) +
                     (found ? ": there is no code at that place"
                            : ": it is not loaded here; both processes must be of one build, and a "
                              "library must be loaded before the Runtime is made")};
  }
  return function;
}

}  // namespace troupe
