"""Checks that links and quoted headings of documents lead somewhere: tools/check-house calls this.

A link is `[words](target)` in a document, the target a path from the document's folder, an anchor `#words` as GitHub makes
them of headings, or both. A quoted heading is `docs/page.md, "Words"` in a document, comment, manual page or example: a heading
of that page, or words in bold at the beginning of a paragraph of it, has to begin with these words or hold them.
"""

import os
import re

LINK = re.compile(r'\]\(([^)\s]+)\)')
HEADING = re.compile(r'^#+ +(.*?) *$')
BOLD = re.compile(r'\*\*([^*]+)\*\*')
QUOTED = re.compile(r'([\w./-]+\.md)[`)\]]*(?:\([^)\s]*\))?,\s+"([^"]{1,80})"')
MARGIN = re.compile(r'\n[ \t]*(?://+|#+ |\.B |\*)?[ \t]*')
QUOTING = ('.md', '.1', '.8', '.h', '.cc', '.c', '.ts', '.mjs', '.py', '.proto', '.toml', '.conf', '.cmake')


def outside_code(text):
    """(number, line) of each line that stands in no block between ``` and ```."""
    inside = False
    for number, line in enumerate(text.split('\n'), 1):
        if line.lstrip().startswith('```'):
            inside = not inside
        elif not inside:
            yield number, line


def headings(text):
    return [match[1] for _, line in outside_code(text) if (match := HEADING.match(line))]


def anchors(text):
    """The anchors of a page: words in small letters, joined by '-', without punctuation; -1, -2 where one comes again."""
    found = set()
    for heading in headings(text):
        plain = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading)
        stem = re.sub(r'[^\w\- ]', '', plain.lower()).replace(' ', '-')
        name, times = stem, 0
        while name in found:
            times += 1
            name = f'{stem}-{times}'
        found.add(name)
    return found


class Pages:
    """The documents of a tree, and what one can point at in them."""

    def __init__(self, files, text):
        self.text = {f: text(f) for f in files if f.endswith('.md')}
        self.places = set(files) | {'/'.join(f.split('/')[:n]) for f in files for n in range(1, f.count('/') + 1)}
        self.anchors = {f: anchors(t) for f, t in self.text.items()}

    def wrong_link(self, file, target):
        """Why a link of a document leads nowhere; None if it leads somewhere, or out of the tree."""
        if '://' in target or target.startswith('mailto:'):
            return None
        path, _, anchor = target.partition('#')
        place = os.path.normpath(os.path.join(os.path.dirname(file), path)).replace(os.sep, '/') if path else file
        if place not in self.places | {'.'}:
            return f'links to {target}, which does not exist; name what took its place'
        if anchor and anchor not in self.anchors.get(place, ()):
            return f'links to {target}, but {place} has no such heading; name the one that took its place'
        return None

    def has_heading(self, page, words):
        """Whether some document of that name has the words in a heading or in bold."""
        wanted = ' '.join(words.lower().replace('`', '').split())
        named = [f for f in self.text if f == page or f.endswith('/' + page)]
        shown = [h for f in named for h in headings(self.text[f]) + BOLD.findall(self.text[f])]
        return not named or any(wanted in ' '.join(h.lower().replace('`', '').split()) for h in shown)


def quoted(text):
    """(line, page, words) of each quoted heading, also where it goes over the end of a line."""
    joined = MARGIN.sub(lambda m: '\n' + ' ' * (len(m[0]) - 1), text)  # offsets stay what they are
    for match in QUOTED.finditer(joined):
        yield text.count('\n', 0, match.start()) + 1, re.sub(r'^[./]+', '', match[1]), ' '.join(match[2].split())


def findings(files, text):
    """(file, line, what) for each link and each quoted heading that leads nowhere. CHANGELOG.md keeps old names."""
    pages = Pages(files, text)
    for file, content in pages.text.items():
        for number, line in outside_code(content):
            yield from ((file, number, what) for target in LINK.findall(line) if (what := pages.wrong_link(file, target)))
    for file in files:
        if file == 'CHANGELOG.md' or not file.endswith(QUOTING):
            continue
        for line, page, words in quoted(text(file)):
            if not pages.has_heading(page, words):
                yield (file, line, f'names "{words}" of {page}, which has no such heading; name the one that took its place')
