#!/usr/bin/env python3
"""Each public header of the client library compiles alone and reaches no header of gRPC or protobuf.

    public_headers_test.py COMPILER SOURCE_FOLDER GENERATED_FOLDER
"""
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

ROOMS = ("recovery/client", "recovery/client/base", "recovery/client/report")
FOREIGN = ("/grpcpp/", "/grpc/", "/google/protobuf/", ".pb.h")


def look(compiler, source, generated, header, folder):
    depends = pathlib.Path(folder) / (header.replace("/", "_") + ".d")
    run = subprocess.run(
        [compiler, "-std=c++20", "-fsyntax-only", "-I", source, "-I", generated, "-MD", "-MF", str(depends),
         "-include", f"{source}/{header}", "-x", "c++", "/dev/null"],
        capture_output=True, text=True, check=False)
    if run.returncode != 0:
        return [f"{header}: does not compile alone:\n{run.stderr[:2000]}"]
    # What is the client's own is judged by its include lines, not by the folder it lies in (recovery/client/grpc).
    reached = [word for word in depends.read_text().split() if not word.startswith(f"{source}/recovery/client/")]
    return [f"{header}: reaches {word}" for word in reached if any(part in word for part in FOREIGN)][:3]


def main():
    compiler, source, generated = sys.argv[1:]
    headers = sorted(str(path.relative_to(source)) for room in ROOMS for path in pathlib.Path(source, room).glob("*.h"))
    if len(headers) < 15:
        sys.exit(f"only {len(headers)} public headers found under {source}: look for where they went")
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = [line for lines in pool.map(lambda h: look(compiler, source, generated, h, folder), headers)
                 for line in lines]
    print("\n".join(found) or f"{len(headers)} public headers name neither gRPC nor protobuf")
    sys.exit(1 if found else 0)


main()
