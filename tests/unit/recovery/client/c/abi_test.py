#!/usr/bin/env python3
"""The shared library has the ABI that the header says, the header the one that is written down, and Python the same.

    abi_test.py [--rewrite] C_COMPILER SOURCE_FOLDER LIBRARY

- The library exports what the header declares and nothing else; its soname ends with LRC_ABI - 1.
- The header compiles as strict C11. What it comes to (functions, structs, numbers; read by abidw from a library made of
  the header's functions without bodies) is recovery/client/c/labyrinth_recovery.abi, which names its soname. --rewrite
  writes down what was only added; what changes or goes is refused unless the header has a higher LRC_ABI than that.
- It links to what it needs to, and to nothing of gRPC, protobuf, TSS, TOML or JSON. Prints its size, stripped.
- tools/example/lrc.py has every function, and structs of the same size.
"""
import ctypes
import pathlib
import re
import subprocess
import sys
import tempfile

NEEDED = re.compile(r"lib(argon2|crypto|unistring|stdc\+\+|m|gcc_s|c|absl_\w+|asan|ubsan|tsan)\.so.*|ld-linux.*")
STRUCTS = {"lrc_bytes": "Bytes", "lrc_realm": "Realm", "lrc_options": "Options", "lrc_recover_options": "RecoverOptions",
           "lrc_seal_options": "SealOptions", "lrc_step": "Step", "lrc_reply": "Reply", "lrc_result": "Result",
           "lrc_realm_report": "RealmReport", "lrc_version": "Version", "lrc_floor": "Floor", "lrc_pcr": "Pcr",
           "lrc_proof": "Proof"}


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def declared(header):
    """The header's functions, by name: what stands before the name, and the parameters."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    found = re.findall(r"LRC_API ([\w* ]+?)\b(lrc_\w+)\(([^;]*)\) LRC_NOEXCEPT;", text)
    return {name: (gives.strip(), takes) for gives, name, takes in found}


def exported(library):
    lines = run("nm", "-D", "--defined-only", library).splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if " A " not in line}


def soname(number):
    return f"liblabyrinth_recovery.so.{number - 1}"


def rewrite(written, abi, made, number):
    """Under one number nothing changes: programs that were built before go on."""
    before = re.search(r"soname='liblabyrinth_recovery\.so\.(\d+)'", written.read_text())
    only_added = subprocess.run(["abidiff", "--no-added-syms", str(written), str(made)], capture_output=True, text=True,
                                check=False)
    if before and int(before[1]) + 1 >= number and only_added.returncode != 0:
        sys.exit(f"not only added: raise LRC_ABI, SOVERSION and exports.map\n{only_added.stdout}{only_added.stderr}")
    written.write_text(abi)


def abi_of(compiler, header, functions, number, folder):
    """As abidw reads it from a library that has the header's functions, without their bodies."""
    source, made = folder / "empty.c", folder / "liblabyrinth_recovery.so"
    bodies = "\n".join(f"{gives} {name}({takes}) {{ abort(); }}" for name, (gives, takes) in functions.items())
    source.write_text(f'#include <stdlib.h>\n#include "{header}"\n{bodies}\n')
    strict = ["-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]
    run(compiler, *strict, "-g", "-shared", "-fPIC", "-fvisibility=hidden", f"-Wl,-soname,{soname(number)}", "-o", str(made), str(source))
    return run("abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed", "--type-id-style",
               "hash", str(made)), made


def sizes_in_c(compiler, header, folder):
    source, program = folder / "sizes.c", folder / "sizes"
    prints = "".join(f'  printf("{name} %zu\\n", sizeof({name}));\n' for name in STRUCTS)
    source.write_text(f'#include <stdio.h>\n#include "{header}"\nint main(void) {{\n{prints}  return 0;\n}}\n')
    run(compiler, "-std=c11", "-o", str(program), str(source))
    return dict(line.split() for line in run(str(program)).splitlines())


def main():
    words = [word for word in sys.argv[1:] if word != "--rewrite"]
    compiler, source, library = words
    source, wrong = pathlib.Path(source), []
    header = source / "recovery/client/c/labyrinth_recovery.h"
    written = source / "recovery/client/c/labyrinth_recovery.abi"
    functions = declared(header)
    if len(functions) < 20:
        sys.exit(f"only {len(functions)} functions found in {header}: look for how it writes them now")
    if exported(library) != set(functions):
        wrong.append(f"exported and declared differ in {sorted(exported(library) ^ set(functions))}")
    dynamic = run("readelf", "-d", library)
    wrong += [f"links to {name}" for name in re.findall(r"NEEDED.*\[(.*)\]", dynamic) if not NEEDED.fullmatch(name)]
    number = int(re.search(r"#define LRC_ABI (\d+)u", header.read_text()).group(1))
    if f"[{soname(number)}]" not in dynamic or f"LABYRINTH_RECOVERY_{number}\n" not in run("readelf", "-VW", library):
        wrong.append(f"the soname, or the version of the symbols, is not that of LRC_ABI {number}")
    sys.path.insert(0, str(source / "tools/example"))
    import lrc
    if {"lrc_" + name for name in lrc.FUNCTIONS} != set(functions):
        wrong.append("tools/example/lrc.py has other functions than the header")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        abi, made = abi_of(compiler, header, functions, number, folder)
        if "--rewrite" in sys.argv:
            rewrite(written, abi, made, number)
        diff = subprocess.run(["abidiff", str(written), str(made)], capture_output=True, text=True, check=False)
        # 4: something differs; 8: it is incompatible. What is only added is to be written down too.
        if diff.returncode != 0:
            wrong.append(f"the ABI is not that of {written.name} (abidiff: {diff.returncode}):\n{diff.stdout}{diff.stderr}")
        for struct, size in sizes_in_c(compiler, header, folder).items():
            if ctypes.sizeof(getattr(lrc, STRUCTS[struct])) != int(size):
                wrong.append(f"{struct} has {size} bytes, and another size in tools/example/lrc.py")
        stripped = folder / "stripped.so"
        run("strip", "-o", str(stripped), library)
        print(f"{len(functions)} functions, {stripped.stat().st_size} bytes stripped")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
