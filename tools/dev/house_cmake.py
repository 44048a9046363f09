"""What each CMake target of the project may include: tools/check-house reads the CMakeLists.txt with this."""

import os
import re

CALL = re.compile(r'(?m)^[ \t]*(labrec_library|labrec_suites|labrec_program|labrec_test|labrec_proto|add_library|'
                  r'add_executable|target_link_libraries)\s*\(([^)]*)\)')
KEYWORDS = {'SOURCES', 'DEPS', 'PRIVATE_DEPS', 'PUBLIC', 'PRIVATE', 'INTERFACE', 'STATIC', 'PROTOS', 'GRPC', 'OBJECT'}


class Target:
    def __init__(self, file, line):
        self.file, self.line = file, line
        self.sources, self.public, self.private = set(), set(), set()


def read(files, text):
    """All targets by name."""
    targets = {}
    for file in files:
        if os.path.basename(file) != 'CMakeLists.txt' and not (file.endswith('.cmake') and file.startswith('tests/')):
            continue
        content = re.sub(r'#[^\n]*', '', text(file))
        for match in CALL.finditer(content):
            words = match[2].split()
            line = content.count('\n', 0, match.start()) + 1
            if words:
                add(targets.setdefault(words[0], Target(file, line)), match[1], words[1:], os.path.dirname(file))
    return targets


def add(target, command, words, folder):
    part = 'PUBLIC' if command == 'target_link_libraries' else 'SOURCES'
    for word in words:
        if word in KEYWORDS:
            part = word
        elif part in ('DEPS', 'PUBLIC', 'INTERFACE') and command not in ('add_library', 'add_executable'):
            target.public.add(word)
        elif part in ('PRIVATE_DEPS', 'PRIVATE') and command not in ('add_library', 'add_executable'):
            target.private.add(word)
        elif word.endswith(('.cc', '.proto')):
            word = word.removeprefix('${CMAKE_CURRENT_LIST_DIR}/').removeprefix('${CMAKE_CURRENT_SOURCE_DIR}/')
            target.sources.add(os.path.normpath(os.path.join(folder, word)))


def visible(targets, name):
    """What name links: its own dependencies, and what those hand on."""
    seen, queue = {name}, list(targets[name].public | targets[name].private)
    while queue:
        other = queue.pop()
        if other in targets and other not in seen:
            seen.add(other)
            queue += targets[other].public
    return seen


def findings(files, text, includes):
    """(file, line, what): a source without target, or one that includes a header of a target it does not link."""
    targets = read(files, text)
    if not targets:
        return
    owner = {}
    for name, target in targets.items():
        for source in target.sources:
            owner.setdefault(os.path.splitext(source)[0], set()).add(name)
    told = set()
    for file in sorted(includes, key=lambda f: (not f.endswith('.h'), f)):
        stem = os.path.splitext(file)[0]
        if file.startswith('tests/'):
            continue
        if not file.endswith('.h') and stem not in owner:
            yield file, 1, 'no CMake target builds it; name it in the CMakeLists.txt of its room, or remove it'
        for name in sorted(owner.get(stem, ())):
            for line, header, there in foreign(file, includes, owner, visible(targets, name)):
                if (name, there) in told:
                    continue
                told.add((name, there))
                way = there if there == header else f'{there} (by {header})'
                yield file, line, (f'includes {way} of {" or ".join(sorted(owner[stem_of(there)]))}, which {name} does '
                                   f'not link; name it in the DEPS of {name} in {targets[name].file}')


def stem_of(header):
    return re.sub(r'(\.grpc)?(\.pb)?\.(h|cc)$', '', header)


def foreign(file, includes, owner, seen):
    """(line, header included, header reached) for the first header on each way that belongs to an unlinked target."""
    visited = set()
    for line, _, header in includes[file]:
        queue = [header]
        while queue:
            there = queue.pop()
            if there in visited:
                continue
            visited.add(there)
            builders = owner.get(stem_of(there), set())
            if builders and not builders & seen:
                yield line, header, there
            else:
                queue += [name for _, _, name in includes.get(there, ())]
