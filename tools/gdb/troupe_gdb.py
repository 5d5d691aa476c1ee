# SPDX-License-Identifier: Apache-2.0
"""gdb commands for programs that run on troupe: who the actors are, what they do, and where those
that wait stand, on stacks that no thread runs on. For live processes and core files:

  gdb -x troupe_gdb.py -p PID        (or: gdb -x troupe_gdb.py PROGRAM CORE)
  (gdb) troupe actors                every actor: id, class, name, state, handler, whom it waits for
  (gdb) troupe fibers                those that are suspended, and where
  (gdb) troupe bt teller             the stack of one, by name, id (17.3) or class
  (gdb) troupe fibers bt             the stacks of all

Needs the program's debug information (-g). A core that gdb itself writes (gcore) lacks the stacks
behind the first guard page on kernels from 6.13 on; one that the kernel writes has all, and so has
gdb's of a program that was started with TROUPE_KERNEL_WITHOUT=guard_pages. It only reads memory: nothing of the program is called,
and no register is changed. The layouts that it knows are those of runtime/actor/internal/cell.hpp,
runtime/fiber/internal/stack.hpp, and Boost.Context's jump_fcontext.
"""
import re

import gdb
import gdb.unwinder

SLAB_BYTES = 256 << 10  # CellTable::kSlabBytes
ADDRESS = (1 << 42) - 1  # of a mailbox's word: Cell::kAddress


# ---- values of the standard library ------------------------------------------------------------


def atomic(value):
    """What is in a std::atomic<T>: of a pointer, a number, an enumeration."""
    names = [field.name for field in value.type.strip_typedefs().fields()]
    if "_M_i" in names:
        return value["_M_i"]
    if "_M_b" in names:
        inner = value["_M_b"]
        return inner["_M_p"] if inner.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT and \
            "_M_p" in [f.name for f in inner.type.strip_typedefs().fields()] else atomic(inner)
    for field in value.type.strip_typedefs().fields():
        if field.is_base_class:
            return atomic(value[field])
    raise gdb.GdbError(f"troupe: {value.type} is not the std::atomic of libstdc++")


def elements(vector):
    begin, end = vector["_M_impl"]["_M_start"], vector["_M_impl"]["_M_finish"]
    while begin != end:
        yield begin.dereference()
        begin += 1


def owned(unique_ptr):
    """The pointer of a std::unique_ptr, which is all that it has."""
    pointer = unique_ptr.type.strip_typedefs().template_argument(0).pointer()
    return unique_ptr.address.cast(pointer.pointer()).dereference()


def text_of_view(view):
    return view["_M_str"].string(length=int(view["_M_len"])) if int(view["_M_len"]) else ""


def text_of_string(string):
    return string["_M_dataplus"]["_M_p"].string(length=int(string["_M_string_length"]))


# ---- actors ------------------------------------------------------------------------------------


class Actor:
    def __init__(self, cell, running):
        number = int(atomic(cell["number_"]))
        self.cell = cell
        self.address = int(cell.address)
        self.id = f"{number & 0xFFFFFFFF}.{number >> 32}"
        kind = atomic(cell["type_"])
        self.kind = text_of_view(kind["name"]) if kind else "?"
        self.is_thread = bool(kind) and int(kind["size"]) == 0  # the Inbox of one
        handles = atomic(cell["current_"])
        self.handler = text_of_view(handles["name"]) if handles else ""
        self.waits_for = int(atomic(cell["waits_for_"]))
        extras = atomic(cell["extras_"])
        self.name = text_of_string(extras["name"]) if extras else ""
        task = cell.cast(gdb.lookup_type("troupe::fiber::Task"))
        self.stack = task["suspended_"]
        idle = int(atomic(cell["mailbox_"])) & ADDRESS == 1
        ending = str(atomic(cell["life_"])).endswith("ending")
        self.is_running = self.address in running
        self.state = ("ending" if ending else
                      "waiting" if self.stack or self.waits_for else
                      "running" if self.is_running else
                      "thread" if self.is_thread else
                      "idle" if idle else "queued")

    def __str__(self):
        return f"{self.kind} \"{self.name}\"" if self.name else f"{self.kind} {self.id}"


def runtimes():
    """Every RuntimeCore of the process: its ProcessHost knows the families of all."""
    try:
        place = gdb.parse_and_eval(
            "(long)&'troupe::process::(anonymous namespace)::place()::only'")
        kind = gdb.lookup_type("troupe::process::(anonymous namespace)::Place")
    except gdb.error as error:
        raise gdb.GdbError(f"troupe: this program has no troupe, or no debug information: {error}")
    host = gdb.Value(int(place)).cast(kind.pointer())["host"]["_M_ptr"]
    if not host:
        return
    for family in elements(host["families_"]):
        count = family["_M_refcount"]["_M_pi"]
        if count and int(count["_M_use_count"]) > 0:
            runtime = atomic(family["_M_ptr"]["runtime_"])
            if runtime:
                yield runtime.dereference()


def running_tasks(system):
    scheduler = atomic(system["scheduler_"])
    if not scheduler:
        return set()
    workers = list(elements(scheduler["workers_"])) + list(elements(scheduler["dedicated_"]))
    return {int(atomic(owned(worker)["running_"])) for worker in workers}


def actors():
    cell_type = gdb.lookup_type("troupe::actor::Cell")
    size = cell_type.sizeof
    per_slab = SLAB_BYTES // size - 1
    for runtime in runtimes():
        system = runtime["actors_"]["_M_ptr"]
        if not system:
            continue
        running = running_tasks(system)
        table = owned(system["cells_"])
        slabs = table["slabs_"]
        for index in range(int(atomic(table["used_"]))):
            slab = int(atomic(slabs[index // per_slab]))
            cell = gdb.Value(slab + size * (index % per_slab + 1)).cast(cell_type.pointer())
            if int(atomic(cell["number_"])) != 0:
                yield Actor(cell.dereference(), running)


# ---- stacks that no thread runs on -------------------------------------------------------------


def pointer_at(address):
    kind = gdb.lookup_type("unsigned long").pointer()
    return int(gdb.Value(address).cast(kind).dereference())


def is_code(address):
    return "No symbol matches" not in gdb.execute(f"info symbol {address:#x}", to_string=True)


def saved_registers(context):
    """What jump_fcontext keeps of a computation, and where it goes on."""
    architecture = gdb.selected_inferior().architecture().name()
    if architecture.startswith("i386:x86-64"):
        # Of Boost 1.80 and later there is a word more: the thread's canary, which not all keep.
        names = ["r12", "r13", "r14", "r15", "rbx", "rbp", "rip"]
        first = 0x08 if is_code(pointer_at(context + 0x38)) else 0x10
        registers = {name: pointer_at(context + first + 8 * i) for i, name in enumerate(names)}
        registers["rsp"] = context + first + 8 * len(names)
        return registers
    if architecture.startswith("aarch64"):
        registers = {f"x{19 + i}": pointer_at(context + 0x40 + 8 * i) for i in range(12)}
        registers["pc"] = pointer_at(context + 0xA0)
        registers["sp"] = context + 0xB0
        return registers
    raise gdb.GdbError(f"troupe: stacks of {architecture} are not known")


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class FiberUnwinder(gdb.unwinder.Unwinder):
    """While `registers` is set, the caller of the thread's innermost frame is the fiber."""

    def __init__(self):
        super().__init__("troupe fiber")
        self.registers = None
        self.innermost = None

    def __call__(self, pending):
        if self.registers is None:
            return None
        is_x86 = "rip" in self.registers
        sp = pending.read_register("rsp" if is_x86 else "sp")
        pc = pending.read_register("rip" if is_x86 else "pc")
        if (int(sp), int(pc)) != self.innermost:
            return None
        below = self.registers["rsp" if is_x86 else "sp"] - 0x100
        info = pending.create_unwind_info(
            FrameId(gdb.Value(below).cast(sp.type), pc))
        for name, value in self.registers.items():
            kind = pending.read_register(name).type
            info.add_saved_register(name, gdb.Value(value & (1 << 64) - 1).cast(kind))
        return info


unwinder = FiberUnwinder()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)


def backtrace(stack, arguments=""):
    """The lines of the suspended stack, as bt writes them."""
    registers = saved_registers(int(stack["suspended"]["context"]))
    selected = gdb.selected_frame()
    newest = gdb.newest_frame()
    is_x86 = "rip" in registers
    unwinder.innermost = (int(newest.read_register("rsp" if is_x86 else "sp")),
                          int(newest.read_register("rip" if is_x86 else "pc")))
    level = selected.level()
    unwinder.registers = registers
    gdb.invalidate_cached_frames()
    try:
        lines = gdb.execute(f"bt {arguments}", to_string=True).splitlines()
    finally:
        unwinder.registers = None
        gdb.invalidate_cached_frames()
        gdb.execute(f"frame {level}", to_string=True)
    fiber = []
    for line in lines:
        found = re.match(r"#(\d+)( .*)", line)
        if found and int(found[1]) == 0:
            continue  # the thread's
        fiber.append(f"#{int(found[1]) - 1:<2}{found[2]}" if found else line)
    return fiber


def first_of_the_users(lines):
    """The innermost frame that is not the library's."""
    for line in lines:
        found = re.match(r"#\d+ +(?:0x[0-9a-f]+ in )?(.+?) \(", line)
        if found and not re.match(r"(troupe::|std::|jump_fcontext|operator)", found[1]):
            return line
    return lines[0] if lines else "?"


# ---- commands ----------------------------------------------------------------------------------


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


class TroupeCommand(gdb.Command):
    """Actors of troupe, and the stacks of those that wait."""

    def __init__(self):
        super().__init__("troupe", gdb.COMMAND_STACK, gdb.COMPLETE_NONE, True)


class ActorsCommand(gdb.Command):
    """troupe actors: lists the actors of all runtimes of the process."""

    def __init__(self):
        super().__init__("troupe actors", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        everybody = list(actors())
        names = {actor.address: str(actor) for actor in everybody}
        table([("ID", "CLASS", "NAME", "STATE", "HANDLES", "WAITS FOR")] + [
            (a.id, a.kind, a.name, a.state, a.handler, names.get(a.waits_for, ""))
            for a in everybody])


class FibersCommand(gdb.Command):
    """troupe fibers [bt]: lists the actors that are suspended and where; bt: with their stacks."""

    def __init__(self):
        super().__init__("troupe fibers", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for actor in actors():
            if not actor.stack:
                continue
            lines = backtrace(actor.stack)
            what = f"handling {actor.handler}" if actor.handler else actor.state
            print(f"{actor} ({actor.id}), {what}:")
            for line in lines if argument.strip() == "bt" else [first_of_the_users(lines)]:
                print(f"  {line}")


class BacktraceCommand(gdb.Command):
    """troupe bt ACTOR: the stack of a suspended actor, named by its name, its id or its class."""

    def __init__(self):
        super().__init__("troupe bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        wanted = argument.strip().strip('"')
        everybody = list(actors())
        for part in ("name", "id", "kind"):
            found = [actor for actor in everybody if getattr(actor, part) == wanted]
            if found:
                break
        if not found or not wanted:
            raise gdb.GdbError(f"troupe: no actor is named {wanted!r}; troupe actors lists them")
        if len(found) > 1:
            raise gdb.GdbError(f"troupe: there are {len(found)} actors {wanted!r}; say one's id: " +
                               ", ".join(actor.id for actor in found[:10]))
        actor = found[0]
        if actor.is_running:
            raise gdb.GdbError(f"troupe: {actor} runs on a thread: thread apply all bt")
        if not actor.stack:
            raise gdb.GdbError(f"troupe: {actor} is {actor.state} and has no stack")
        for line in backtrace(actor.stack):
            print(line)


TroupeCommand()
ActorsCommand()
FibersCommand()
BacktraceCommand()
