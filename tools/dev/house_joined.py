"""Sources that preset quick compiles together (tools/dev/cmake/targets.cmake) mean the same as each alone.

In a target no two sources share a name without linkage, which could take a call that was meant for another; and none
leaves a macro, a warning's setting or a whole namespace to those after it. What labrec_compile_apart names may.
"""

import os
import re

import house_cmake
import house_text

NAMESPACE = re.compile(r'(?:inline\s+)?namespace\b\s*([\w:]*)$|extern$')
TYPE = re.compile(r'(?:template\s*<.*?>\s*)?(?:class|struct|union|enum(?:\s+class)?)\s+(?:alignas\([^)]*\)\s*)?(\w+)', re.S)
ALIAS = re.compile(r'(?:using|namespace)\s+(\w+)\s*=|using\s+(?:typename\s+)?[\w:]*::(\w+)$')
MACRO = re.compile(r'[A-Z][A-Z0-9_]+\s*\(')
MATCHER = re.compile(r'MATCHER\w*\s*\(\s*(\w+)')
CONSTANT = re.compile(r'(?:inline\s+)?(?:static|const|constexpr)\b')
NO_NAME = ('using namespace', 'static_assert', 'friend', 'extern', 'template <>', 'template class')
DECORATION = re.compile(r'__attribute__\s*\(\(.*?\)\)|\[\[.*?\]\]|alignas\([^)]*\)|__asm__\s*\(.*?\)', re.S)
ARGUMENTS = re.compile(r'<[^<>()]*>')
NAMED = re.compile(r'[^(=]*?([\w:~]+)\s*(?:\(|=|\[|$)')
APART = re.compile(r'labrec_compile_apart\(([^)]*)\)')


def declarations(text):
    """(namespace, whether one of its parts has no name, head, line) of what stands in a file or a namespace."""
    clean, spaces, depth, begin, head_from = house_text.blank_noise(text), [], 0, 0, 0
    for match in re.finditer(r'[{};]', clean):
        at, mark = match.start(), match[0]
        if depth:
            depth += {'{': 1, '}': -1, ';': 0}[mark]
            # What stands behind a block is the end of a variable, or the beginning of the next.
            head_from = at + 1
            continue
        head = clean[head_from:at].strip()
        opened = NAMESPACE.match(head) if mark == '{' else None
        if opened:
            spaces.append(opened[1] or '')
        elif mark == '}' and spaces:
            spaces.pop()
        elif head:
            begin = head_from + re.match(r'\s*', clean[head_from:]).end()
            yield '::'.join(s for s in spaces if s), '' in spaces, head, clean.count('\n', 0, begin) + 1
        if mark == '{' and not opened:
            depth = 1
        head_from = at + 1


def name_in(head):
    """The name that a declaration makes; None if it makes none."""
    if head.startswith(NO_NAME) or re.match(r'\w+$', head):
        return None
    for pattern in (MATCHER, TYPE):
        match = pattern.match(head)
        if match:
            return match[1]
    if MACRO.match(head):
        return None
    match = ALIAS.match(head)
    if match:
        return match[1] or match[2]
    head = DECORATION.sub('', head)
    while ARGUMENTS.search(head):
        head = ARGUMENTS.sub('', head)
    match = NAMED.match(head)
    return match[1] if match and re.fullmatch(r'[A-Za-z_]\w*', match[1]) else None


def names(text):
    """{(namespace, name): (line, declaration)} of what no other source can mean."""
    found = {}
    for space, nameless, head, line in declarations(text):
        head = re.sub(r'\s+', ' ', head)
        if nameless or CONSTANT.match(head) or ALIAS.match(head):
            name = name_in(head)
            if name:
                found.setdefault((space, name), (line, head))
    return found


def left_open(text):
    """(line, what) of what a source leaves to those after it."""
    code = re.sub(r'//[^\n]*', '', text)
    for match in re.finditer(r'^[ \t]*#[ \t]*define[ \t]+(\w+)', code, re.M):
        if not re.search(rf'^[ \t]*#[ \t]*undef[ \t]+{match[1]}\b', code[match.end():], re.M):
            yield code.count('\n', 0, match.start()) + 1, f'macro {match[1]}'
    for _, _, head, line in declarations(text):
        if head.startswith('using namespace'):
            yield line, re.sub(r'\s+', ' ', head)
    pushed, popped = (len(re.findall(rf'#\s*pragma GCC diagnostic {word}\b', code)) for word in ('push', 'pop'))
    if pushed != popped or not pushed and re.search(r'#\s*pragma GCC diagnostic', code):
        yield 1, 'a #pragma GCC diagnostic that no pop takes back'


def apart(files, text):
    found = set()
    for file in files:
        if file.endswith(('CMakeLists.txt', '.cmake')) and 'labrec_compile_apart' in text(file):
            for match in APART.finditer(re.sub(r'#[^\n]*', '', text(file))):
                found.update(match[1].split())
    return found


def findings(files, text):
    """(file, line, what) for each name that two sources of a target share, and for each thing left open."""
    alone, told = apart(files, text), set()
    known = set(files)
    for target in house_cmake.read(files, text).values():
        sources = sorted(s for s in target.sources if s.endswith('.cc') and s in known and s not in alone)
        if len(sources) < 2:
            continue
        first = {}
        for source in sources:
            for line, what in left_open(text(source)):
                if (source, what) not in told:
                    told.add((source, what))
                    yield source, line, (f'leaves {what} to the sources that preset quick compiles with it; end it, or '
                                         f'name the source in labrec_compile_apart')
            for name, (line, head) in names(text(source)).items():
                other, there, like = first.setdefault(name, (source, line, head))
                if other == source or ALIAS.match(head) and head == like or (source, name) in told:
                    continue
                told.add((source, name))
                yield source, line, (f'{name[1]} is a name of {other}:{there} too, and preset quick compiles both '
                                     f'together; give one of them another name')
