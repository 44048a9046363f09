#!/usr/bin/env python3
"""Checks that docs/security_review.md speaks of what there is: tools/check-house calls this.

    tools/dev/house_review.py            this checkout
    tools/dev/house_review.py FOLDER     another tree of the same form

Of each row of its tables is checked that every test `Suite.Name` and every `suite.name` of CMake exists below tests/,
that every model mutant `LIKE_THIS` is one of tools/check-model and every explorer mutant `kLikeThis` one of
tests/explorer, that every `file: Name` stands in that file, and that a row without a test states a gap. Its headings
are those of docs/threat_model.md in the same order, and its rows are numbered through. So are those of docs/client_review.md.

Prints one line for each finding, "file:line: what is wrong; what to do", and exits with 1 if there is any.
"""

import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house_text  # noqa: E402

REVIEW = 'docs/security_review.md'
CLIENT = 'docs/client_review.md'  # the same rows, without the threat model's headings
MODEL = 'docs/threat_model.md'
GAP = '**Gap:**'
MACRO = re.compile(r'^[ \t]*(?:TYPED_)?TEST(?:_F|_P)?\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)', re.M)
ADDED = re.compile(r'\badd_test\s*\(\s*NAME\s+(\S+)')
SPAN = re.compile(r'`([^`]+)`')
TEST = re.compile(r'[A-Z]\w*\.[A-Z]\w*')
CMAKE_TEST = re.compile(r'[a-z]\w*\.[a-z]\w*')
FILE = re.compile(r'((?:[\w-]+/)+[\w.-]+)(?:: ([\w:~]+))?')
MODEL_MUTANT = re.compile(r'[A-Z]+(?:_[A-Z]+)+')
EXPLORER_MUTANT = re.compile(r'k[A-Z]\w+')


def tests_of(files, text):
    """All `Suite.Name` of the macros, and patterns for the names that CMake gives; ${...} there stands for a word."""
    suites, patterns = set(), []
    for file in files:
        if not file.startswith('tests/'):
            continue
        if file.endswith('.cc'):
            suites |= {f'{m[1]}.{m[2]}' for m in MACRO.finditer(text(file))}
        elif file.endswith(('CMakeLists.txt', '.cmake')):
            patterns += [re.sub(r'\\\$\\\{\w+\\\}', r'\\w+', re.escape(m[1])) for m in ADDED.finditer(text(file))]
    return suites, re.compile('|'.join(patterns) or '(?!)')


def headings(text):
    return [line for line in text.split('\n') if line.startswith('## ')]


class Review:
    """The page, and what it may name."""

    def __init__(self, files, text):
        self.files, self.text = set(files), text
        self.suites, self.added = tests_of(files, text)
        self.models = text('tools/check-model') if 'tools/check-model' in self.files else ''
        self.explorer = ''.join(text(f) for f in files if f.startswith('tests/explorer/') and f.endswith('.h'))

    def wrong_test(self, span, endings):
        """Why a span is no test and no mutant, though it looks like one; None otherwise."""
        if TEST.fullmatch(span) and span not in self.suites:
            return f'no test {span} is below tests/; name the one that took its place, or state the gap'
        if CMAKE_TEST.fullmatch(span) and span.split('.')[1] not in endings and not self.added.fullmatch(span):
            return f'no CMakeLists.txt below tests/ adds a test {span}; name the one that took its place'
        if MODEL_MUTANT.fullmatch(span) and not re.search(rf'\b{span}\b', self.models):
            return f'tools/check-model has no mutant {span}; name the one that took its place'
        if EXPLORER_MUTANT.fullmatch(span) and not re.search(rf'\b{span}\b', self.explorer):
            return f'tests/explorer has no mutant {span}; name the one that took its place'
        return None

    def wrong_place(self, span):
        """Why a span of the form `file: Name` names nothing; None if it does, or is of another form."""
        named = FILE.fullmatch(span)
        if not named or not named[2]:
            return None
        if named[1] not in self.files:
            return f'{named[1]} does not exist; name the file that took its place'
        word = named[2].split('::')[-1]
        if not re.search(rf'\b{re.escape(word)}\b', self.text(named[1])):
            return f'{named[1]} has no {word}; name where it went'
        return None

    def row(self, line):
        cells = [c.strip() for c in line.strip('| ').split(' | ')]
        tests = [s for s in SPAN.findall(cells[-1]) if TEST.fullmatch(s) or CMAKE_TEST.fullmatch(s)]
        if len(cells) != 4:
            yield f'has {len(cells)} cells and not number, promise, code, test'
        elif not tests and GAP not in cells[-1]:
            yield f'names no test and states no gap; write "{GAP} ..." where nothing would fail'
        endings = {f.rsplit('.', 1)[-1] for f in self.files}
        yield from filter(None, map(self.wrong_place, SPAN.findall(line)))
        yield from filter(None, (self.wrong_test(span, endings) for span in SPAN.findall(cells[-1])))


def findings(files, text):
    """(file, line, what) for all that is wrong with the page; nothing in a tree without a threat model."""
    if MODEL not in files:
        return
    if REVIEW not in files:
        yield MODEL, 1, f'{REVIEW} is missing; write for each promise its code and its test'
        return
    wanted = headings(text(MODEL))
    if headings(text(REVIEW)) != wanted:
        yield REVIEW, 1, f'its headings are not those of {MODEL} ({", ".join(h[3:] for h in wanted)}); follow them'
    review = Review(files, text)
    yield from page_findings(REVIEW, review, text)
    if CLIENT in files:
        yield from page_findings(CLIENT, review, text)


def page_findings(page, review, text):
    number, letter = 0, '`'
    for line_number, line in enumerate(text(page).split('\n'), 1):
        row = re.match(r'\| (\d+)([a-z]?) \|', line)
        if not row:
            continue
        # A row between two others has the number of the one above it, and a letter.
        letter = chr(ord(letter) + 1) if row[2] else '`'
        number += not row[2]
        wanted_name = f'{number}{letter if row[2] else ""}'
        if row[1] + row[2] != wanted_name:
            yield page, line_number, f'is row {wanted_name} and says another number; number the rows through'
        for what in review.row(line):
            yield page, line_number, what


def main():
    arguments = sys.argv[1:]
    if len(arguments) > 1 or arguments and arguments[0].startswith('-'):
        asked = arguments[0] in ('-h', '--help')
        print(__doc__, file=sys.stdout if asked else sys.stderr)
        sys.exit(0 if asked else 2)
    root = arguments[0] if arguments else os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')

    def text(file):
        with open(os.path.join(root, file), encoding='utf-8', errors='replace') as opened:
            return opened.read()

    found = list(findings(house_text.walk(root), text))
    for file, line, what in found:
        print(f'{file}:{line}: {what}')
    if found:
        sys.exit(1)
    print(f'{REVIEW}: all that it names is there')


if __name__ == '__main__':
    main()
