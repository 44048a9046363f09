"""Text work of tools/check-house: files of a tree, circles of a graph, functions of a source, names in documents."""

import fnmatch
import os
import re

SKIPPED = {'.git', 'build', 'node_modules', '__pycache__', '.cache'}


def walk(root):
    """All files below root, as paths from it with forward slashes, sorted."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED)
        found += [os.path.relpath(os.path.join(folder, f), root).replace(os.sep, '/') for f in files]
    return sorted(found)


def circles(graph):
    """One circle for each node that can reach itself and is not yet in a circle found: [a, b, c] for a->b->c->a."""
    found, seen = [], set()
    for start in sorted(graph):
        if start in seen:
            continue
        path = shortest_path_back(graph, start)
        if path:
            found.append(path)
            seen.update(path)
    return found


def shortest_path_back(graph, start):
    came_from, queue = {}, [start]
    while queue:
        node = queue.pop(0)
        for following in sorted(graph.get(node, ())):
            if following == start:
                path = [node]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                return path[::-1]
            if following not in came_from:
                came_from[following] = node
                queue.append(following)
    return None


# ------------------------------------------------------------------------------------------------- functions
NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
    r'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.S | re.M)
CONTAINER = re.compile(r'^(?:(?:inline\s+)?namespace\b|extern\s*$|.*\b(?:class|struct|union|enum)\b[^()=]*$)', re.S)


def blank_noise(text):
    """The text without comments, literals and preprocessor lines; line breaks stay where they are."""
    return NOISE.sub(lambda m: '\n' * m[0].count('\n') or ' ', text)


def functions(text):
    """(name, first line, number of lines) of each brace block that stands directly in a file, namespace or class.

    What counts is the block with the lines of its signature, nested functions included. Tables of constants do not.
    """
    clean, found, stack, begin, line = blank_noise(text), [], [], None, 1
    head = ''
    for character in clean:
        if character == '\n':
            line += 1
        if stack and stack[-1][0] == 'body':
            depth = stack[-1][3] + (character == '{') - (character == '}')
            stack[-1][3] = depth
            if depth == 0:
                _, start, name, _ = stack.pop()
                if name:
                    found.append((name, start, line - start + 1))
                head, begin = '', None
            continue
        if character == '{':
            if CONTAINER.match(head.strip()):
                stack.append(['container'])
            else:
                stack.append(['body', begin or line, name_of(head), 1])
            head, begin = '', None
        elif character == '}' or character == ';':
            if character == '}' and stack:
                stack.pop()
            head, begin = '', None
        else:
            if begin is None and not character.isspace():
                begin = line
            head += character
    return found


def name_of(head):
    """The name before the first parameter list; None for a block that has none, as a table of constants."""
    match = re.search(r'([~\w:]+)\s*\(', head)
    return match[1] if match else None


# ------------------------------------------------------------------------------------------------- names of files
ALONE = r'(?:h|cc|cpp|md|py|cmake|proto|svg|pml|\{h,cc\})'
PATH = r'(?:' + ALONE[3:-1] + r'|c|js|json|toml|txt|in)'
NAME = re.compile(r'(?<![\w./:<>$~*\[-])(?:\.\./)*((?:[\w.*-]+/)+[\w*{-][\w.*{},-]*\.' + PATH +
                  r'|[\w*{-][\w.*{},-]*\.' + ALONE + r')(?![\w/.-]*\w)')
PLACE = re.compile(r'`((?:[\w-]+/)+[\w-]*)`')
INSTALLED = ('etc/', 'usr/', 'var/', 'run/', 'absl/', 'google/', 'build/', 'grpcpp/', 'openssl/', 'tss2/',
             'bits/')


class Names:
    """Which file names of a text stand for no file of the tree.

    In documents and sources every name with an ending of a source or document counts, alone (committer.h) or with
    folders; in CMake's files only paths that begin at a folder of the root. A name may leave out leading folders, and
    may hold '*' or '{h,cc}'.
    """

    def __init__(self, files):
        self.files = files
        self.tops = {f.split('/')[0] for f in files if '/' in f}
        self.folders = {'/'.join(f.split('/')[:n]) + '/' for f in files for n in range(1, f.count('/') + 1)}

    def exists(self, name):
        plain = [name]
        if '{' in name:
            stem, inner, rest = re.fullmatch(r'([^{]*)\{([^}]*)\}(.*)', name).groups()
            plain = [stem + part + rest for part in inner.split(',')]
        return all(fnmatch.filter(self.files, p) or fnmatch.filter(self.files, '*/' + p) for p in plain)

    def missing(self, file, text):
        document = file.endswith(('.md', '.1', '.8', '.h', '.cc', '.proto'))
        for number, line in enumerate(text.split('\n'), 1):
            if '#include' in line:
                continue
            for match in NAME.finditer(line):
                name = match[1]
                if not document and ('/' not in name or name.split('/')[0] not in self.tops):
                    continue
                stranger = name.endswith('.py') and name.split('/')[0] not in self.tops
                if not stranger and not name.startswith(INSTALLED) and not self.exists(name):
                    yield number, name
            for match in PLACE.finditer(line) if document else ():
                if match[1].split('/')[0] in self.tops and not self.is_place(match[1]):
                    yield number, match[1]

    def is_place(self, name):
        """A folder, a file without ending, or what several files have in common up to their ending."""
        return name.rstrip('/') + '/' in self.folders or any(f == name or f.startswith(name + '.') for f in self.files)
