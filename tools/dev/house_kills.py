"""Signals of tools/check-house: whoever ends a process waits for its end, as what comes next may need its place."""

import re

import house_text

ENDING = re.compile(r'\bkill\s*\(([^;]*?),\s*SIG(?:KILL|TERM|STOP|INT|QUIT)\s*\)')
HELPERS = 'tests/support/'  # ChildProcess and its like, which wait; other_process.h for who may not
SHELL = re.compile(r'(?:^|[;&|({]|\bthen|\bdo|\belse)\s*kill\s+(?!-0\b)')
SCRIPT = re.compile(r'\.(?:kill|terminate)\(')
SHELL_WAITS = re.compile(r'\bwait\b|--pid\b|\bkill -0\b')
SCRIPT_WAITS = re.compile(r'\bwait\(|\bawait\b|communicate\(|\bended\b')
LINES = 4  # within so many it waits


def waits(lines, at, pattern):
    return any(pattern.search(line) for line in lines[at:at + LINES])


def in_source(text):
    clean = house_text.blank_noise(text)
    for match in ENDING.finditer(clean):
        if match[1].strip() != 'getpid()':
            yield clean.count('\n', 0, match.start()) + 1, 'ends or stops a process itself; use ChildProcess, or other_process.h'


def in_script(text, kills, waiting):
    lines = [re.sub(r'^\s*(?:#|//).*', '', line) for line in text.splitlines()]
    for at, line in enumerate(lines):
        if kills.search(line) and not waits(lines, at, waiting):
            yield at + 1, f'ends a process and does not wait for its end within {LINES} lines'


def findings(files, text):
    """(file, line, what) for each process below tests and tools that is ended without a wait."""
    for file in files:
        if file.split('/')[0] not in ('tests', 'tools') or 'house' in file:
            continue
        if file.endswith(('.cc', '.h')):
            found = () if file.startswith(HELPERS) else in_source(text(file))
        elif file.endswith(('.py', '.mjs', '.ts', '.js')):
            found = in_script(text(file), SCRIPT, SCRIPT_WAITS)
        elif '.' not in file.split('/')[-1] or file.endswith('.sh'):
            content = text(file)
            found = in_script(content, SHELL, SHELL_WAITS) if re.match(r'#!.*\b(?:ba)?sh\b', content) else ()
        else:
            continue
        yield from ((file, line, what) for line, what in found)
