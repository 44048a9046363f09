"""tools/check-house on a small tree: silent on a good one, and a finding for each way to break it."""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

CHECK = sys.argv.pop(1)

INCLUDERS = '\n\nIncluded by `hsm/open`.\n'
GOOD = {
    'docs/architecture.md': '''\
        # Architecture
        ## Who may include whom

        | room | may include | libraries |
        |---|---|---|
        | `hsm/base` | | OpenSSL |
        | `hsm` | `hsm/base` | |
        | `hsm/open` | `hsm` | TSS |
        | `pin` | `hsm/base`, `tests/support` | |
        | `tests` | everything | everything |
        ''',
    'hsm/base/hash.h': '#pragma once\n',
    'hsm/base/hash.cc': '#include "hsm/base/hash.h"\n\n#include <openssl/evp.h>\n',
    'hsm/base/CMakeLists.txt': 'labrec_library(base SOURCES hash.cc)\n',
    'hsm/device.h': '#pragma once\n#include "hsm/base/hash.h"\n',
    'hsm/device.cc': '#include "hsm/device.h"\n',
    'hsm/open.h': '#pragma once\n',
    'hsm/open.cc': '#include "hsm/open.h"\n#include "hsm/device.h"\n#include <tss2/tss2_esys.h>\n',
    'hsm/CMakeLists.txt': 'labrec_library(device SOURCES device.cc DEPS base)\n'
                          'labrec_library(open SOURCES open.cc PRIVATE_DEPS device)\n',
    'hsm/README.md': f'Devices: `device.h`, `hsm/base/hash.{{h,cc}}`.{INCLUDERS}',
    'pin/pin.cc': '#include "hsm/base/hash.h"\n#include "tests/support/clock.h"\n',
    'pin/CMakeLists.txt': 'labrec_program(pin SOURCES pin.cc DEPS base)\n',
    'tests/support/clock.h': '#include <openssl/evp.h>\n',
    'tests/unit/open_test.cc': '#include "hsm/open.h"\n#include "tests/support/clock.h"\n',
}


class HouseTest(unittest.TestCase):
    def findings(self, changes, *options):
        with tempfile.TemporaryDirectory() as root:
            for name, text in {**GOOD, **changes}.items():
                if text is None:
                    continue
                path = os.path.join(root, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, 'w', encoding='utf-8') as file:
                    file.write(textwrap.dedent(text))
            ended = subprocess.run([sys.executable, CHECK, *options, root], capture_output=True, text=True, check=False)
        lines = ended.stdout.splitlines()
        self.assertEqual(ended.returncode, 1 if lines and not lines[0].endswith('says') else 0, ended)
        return lines

    def expect(self, changes, *expected):
        """Exactly these findings, each by its place and a part of its words."""
        lines = self.findings(changes)
        self.assertEqual(len(lines), len(expected), lines)
        for place, words in expected:
            found = any(line.startswith(place + ': ') and words in line for line in lines)
            self.assertTrue(found, (place, words, lines))

    def assert_good(self, changes):
        lines = self.findings(changes)
        self.assertIn('all as docs/architecture.md says', lines[0])

    def table(self, before, after):
        return {'docs/architecture.md': textwrap.dedent(GOOD['docs/architecture.md']).replace(before, after)}

    def review(self, row, threats='## What is at stake\n', **changes):
        return {'docs/threat_model.md': threats, 'tools/check-model': '#!/bin/sh\nmutants=(NO_FENCE)\n',
                'tests/explorer/mutant.h': 'enum class Mutant { kRefillAll };\n',
                'tests/unit/open_test.cc': 'TEST_P(Open, Opens) {}\n',
                'tests/unit/CMakeLists.txt': 'add_test(NAME sweep.${device} COMMAND sweep)\n',
                'docs/security_review.md': '# Review\n\n## What is at stake\n\n' + row + '\n', **changes}

    def test_whoever_ends_a_process_waits(self):
        self.expect({'tests/unit/open_test.cc': 'void Cut(int pid) {\n  kill(pid, SIGKILL);\n}\n'},
                    ('tests/unit/open_test.cc:2', 'ends or stops a process itself'))
        self.expect({'tools/run': '#!/usr/bin/env bash\nserve &\nkill $!\n\n\n\nserve &\n'},
                    ('tools/run:3', 'does not wait for its end'))
        self.expect({'tools/run.mjs': 'child.kill();\nstart();\n'}, ('tools/run.mjs:1', 'does not wait'))
        good = {'tests/unit/open_test.cc': 'void Reread(int pid) {\n  kill(pid, SIGHUP);\n  kill(getpid(), SIGKILL);\n}\n',
                'tests/support/child.cc': 'void Kill(int pid) {\n  kill(pid, SIGKILL);\n}\n',
                'tools/run': '#!/bin/sh\nserve &\nkill $!\nwait\nkill -0 $$ # kill nobody\n'}
        self.assertTrue(self.findings(good)[0].endswith('says'))

    def test_a_review_that_names_what_there_is(self):
        row = ('| 1 | opens | `hsm/open.cc: include` | `Open.Opens`, `sweep.swtpm`, mutants `NO_FENCE`, `kRefillAll` |\n'
               '| 2 | `DATA_LOSS` else | none | **Gap:** none |')
        self.assert_good(self.review(row))

    def test_a_review_that_names_what_is_gone(self):
        row = '| 1 | opens | `hsm/open.cc: Open` | `Open.Closes`, `rain.swtpm`, mutants `NO_CLAIM`, `kForgetAll` |'
        at = 'docs/security_review.md:5'
        self.expect(self.review(row), (at, 'hsm/open.cc has no Open'), (at, 'no test Open.Closes'),
                    (at, 'adds a test rain.swtpm'), (at, 'no mutant NO_CLAIM'), (at, 'no mutant kForgetAll'))

    def test_a_review_without_test_number_or_section(self):
        row = '| 2 | opens | `hsm/open.cc: include` | nothing |'
        self.expect(self.review(row, '## What is at stake\n## Attackers\n'),
                    ('docs/security_review.md:1', 'its headings are not those'),
                    ('docs/security_review.md:5', 'is row 1 and says another'),
                    ('docs/security_review.md:5', 'names no test and states no gap'))

    def test_a_row_between_two_numbers(self):
        row = ('| 1 | opens | `hsm/open.cc: include` | `Open.Opens` |\n'
               '| 1a | closes | `hsm/open.cc: include` | `Open.Closes` |\n'
               '| 1c | opens | `hsm/open.cc: include` | `Open.Opens` |\n'
               '| 2 | opens | `hsm/open.cc: include` | `Open.Opens` |')
        self.expect(self.review(row), ('docs/security_review.md:6', 'no test Open.Closes'),
                    ('docs/security_review.md:7', 'is row 1b and says another'))

    def test_a_threat_model_without_review(self):
        self.expect({'docs/threat_model.md': '# Threats\n'}, ('docs/threat_model.md:1', 'is missing'))

    def pair(self, first, second, cmake='labrec_test(pair SOURCES first.cc second.cc)\n'):
        return {'tests/unit/first.cc': first, 'tests/unit/second.cc': second, 'tests/unit/CMakeLists.txt': cmake}

    def test_a_name_of_two_sources_that_are_compiled_together(self):
        at, words = 'tests/unit/second.cc', 'is a name of tests/unit/first.cc'
        for name, first, second in (
                ('Refused', 'namespace a {\nnamespace {\nint Refused(const char* why) { return 1; }\n}\n}\n',
                 'namespace a {\nnamespace {\ntemplate <typename T>\nint Refused(const std::pair<T, T>& why) {\n}\n}\n}\n'),
                ('kMost', 'constexpr int kMost = 2;\n', '// More.\nconst std::array<int, 2> kMost{2, 3};\n'),
                ('Parts', 'namespace {\nstruct Parts {\n  int a;\n} parts;\n}\n', 'namespace {\nenum class Parts { kA };\n}\n'),
                ('seen', 'static int seen;\n', 'namespace {\nint seen = 0;\n}\n')):
            line = 1 + second.count('\n', 0, second.index(name if name != 'Refused' else 'template'))
            self.expect(self.pair(first, second), (f'{at}:{line}', f'{name} {words}'))

    def test_what_a_source_leaves_to_those_that_are_compiled_with_it(self):
        first = 'tests/unit/first.cc'
        self.expect(self.pair('#define TWICE(x) x x\n', ''), (f'{first}:1', 'leaves macro TWICE'))
        self.expect(self.pair('namespace {\nusing namespace std;\n}\n', ''), (f'{first}:2', 'leaves using namespace std'))
        self.expect(self.pair('#pragma GCC diagnostic ignored "-Wall"\n', ''), (f'{first}:1', '#pragma'))

    def test_sources_that_may_be_compiled_together(self):
        shared = 'namespace a {{\nnamespace {{\nusing Id = int;\nusing std::map;\n}}\nvoid A::Of() {{\n  int {0} = 1;\n}}\n}}\n'
        test = 'namespace {{\nTEST_F(Pair, {0}) {{\n  const int same = 1;\n}}\n}}\n'
        self.assert_good(self.pair(shared.format('one') + test.format('One'), shared.format('two') + test.format('Two')))
        self.assert_good(self.pair('namespace a {\nnamespace {\nint Of();\n}\n}\n', 'namespace b {\nnamespace {\nint Of();\n}\n}\n'))
        self.assert_good(self.pair('#define ONCE 1\n#undef ONCE\n', '#pragma GCC diagnostic push\n#pragma GCC diagnostic pop\n'))
        cmake = 'labrec_test(pair SOURCES first.cc second.cc)\nlabrec_compile_apart(tests/unit/first.cc)\n'
        self.assert_good(self.pair('#define MORE\nusing namespace a;\nstatic int seen;\n', 'static int seen;\n', cmake))

    def test_a_good_tree_has_no_findings(self):
        self.assert_good({})

    def test_an_include_outside_of_the_table(self):
        self.expect({'pin/note.h': '', 'hsm/base/hash.h': '#pragma once\n#include "pin/note.h"\n'},
                    ('hsm/base/hash.h:2', 'hsm/base may not include pin (pin/note.h)'))

    def test_an_include_outside_of_the_table_from_the_same_folder(self):
        self.expect({'hsm/device.h': '#include "hsm/open.h"\n#include "hsm/base/hash.h"\n'},
                    ('hsm/device.h:1', 'hsm may not include hsm/open'),
                    ('hsm/device.h:1', 'hsm/open.h of open, which device does not link'))

    def test_generated_code_belongs_to_the_room_above_it(self):
        self.expect({'hsm/device.cc': '#include "hsm/device.h"\n#include "pin/v1/pin.pb.h"\n'},
                    ('hsm/device.cc:2', 'protobuf'), ('hsm/device.cc:2', 'hsm may not include pin'))

    def test_production_that_includes_tests(self):
        self.expect({'hsm/device.cc': '#include "hsm/device.h"\n#include "tests/support/clock.h"\n'},
                    ('hsm/device.cc:2', 'nobody but tests includes tests'))

    def test_a_row_that_may_include_test_helpers_may_include_those_below_them(self):
        helper = {'tests/support/time/clock.h': '', 'tests/support/clock.h': None}
        self.assert_good({**helper, 'pin/pin.cc': GOOD['pin/pin.cc'].replace('clock.h', 'time/clock.h'),
                          'tests/unit/open_test.cc': None})
        self.expect({**helper, 'pin/pin.cc': GOOD['pin/pin.cc'].replace('support/clock.h', 'supported/clock.h'),
                     'tests/supported/clock.h': '', 'tests/unit/open_test.cc': None},
                    ('pin/pin.cc:2', 'pin may not include tests/supported'))

    def test_an_include_that_does_not_exist(self):
        self.expect({'hsm/device.cc': '#include "hsm/moved.h"\n'},
                    ('hsm/device.cc:1', 'hsm/moved.h, which does not exist'))

    def test_a_circle_in_the_table(self):
        changes = self.table('\n| `hsm/base` | |', '\n| `hsm/base` | `pin` |')
        self.expect({**changes, 'hsm/base/hash.cc': '#include <openssl/evp.h>\n#include "pin/pin.h"\n',
                     'pin/pin.h': '', 'hsm/base/CMakeLists.txt': 'labrec_library(base SOURCES hash.cc DEPS pin)\n'},
                    ('docs/architecture.md:6', 'circle: hsm/base -> pin -> hsm/base'))

    def test_an_edge_that_nobody_needs(self):
        self.expect(self.table('| `hsm` | `hsm/base` |', '| `hsm` | `hsm/base`, `pin` |'),
                    ('docs/architecture.md:7', 'hsm includes nothing of pin'))

    def test_rows_that_are_wrong(self):
        self.expect(self.table('| `tests`', '| `gone` | `lost` | Qt |\n| `tests`'),
                    ('docs/architecture.md:10', 'room gone does not exist'),
                    ('docs/architecture.md:10', 'lost, which has no row'),
                    ('docs/architecture.md:10', 'includes nothing of lost'),
                    ('docs/architecture.md:10', 'library Qt is not known'))

    def test_a_library_that_nobody_needs(self):
        self.expect(self.table('| TSS |', '| TSS, SQLite |'),
                    ('docs/architecture.md:8', 'hsm/open has no use of SQLite'))

    def test_a_folder_without_a_row(self):
        self.expect({'pin/deep/room.cc': '',
                     'pin/CMakeLists.txt': 'labrec_program(pin SOURCES pin.cc deep/room.cc DEPS base)'},
                    ('pin/deep:1', 'is no room of the table'))

    def test_libraries_outside_of_their_rooms(self):
        headers = {'TSS': 'tss2/tss2_mu.h', 'PKCS#11': 'p11-kit/pkcs11.h', 'SQLite': 'sqlite3.h',
                   'OpenSSL': 'openssl/bn.h', 'protobuf': 'google/protobuf/message.h', 'gRPC': 'grpcpp/server.h', 'CLI11': 'CLI/CLI.hpp'}
        for library, header in headers.items():
            with self.subTest(library):
                self.expect({'pin/pin.cc': GOOD['pin/pin.cc'] + f'#include <{header}>\n'},
                            ('pin/pin.cc:3', f'<{header}> of {library}, which pin does not use'))

    def test_a_header_that_brings_a_library_along(self):
        changes = self.table('| `hsm/open` | `hsm` | TSS |', '| `hsm/open` | `hsm` | TSS, OpenSSL |')
        self.expect({**changes, 'hsm/base/hash.h': '#include <openssl/evp.h>\n',
                     'hsm/open.h': '#include "hsm/device.h"\n'},
                    ('hsm/device.h:2', 'brings OpenSSL along (hsm/base/hash.h leads to hsm/base/hash.h)'))

    def test_a_target_that_does_not_link_what_it_includes(self):
        self.expect({'hsm/CMakeLists.txt': GOOD['hsm/CMakeLists.txt'].replace(' PRIVATE_DEPS device', '')},
                    ('hsm/open.cc:2', 'hsm/device.h of device, which open does not link; name it in the DEPS of open'))

    def test_what_a_target_links_for_itself_is_not_handed_on(self):
        self.expect({'hsm/CMakeLists.txt': GOOD['hsm/CMakeLists.txt'].replace('DEPS base', 'PRIVATE_DEPS base')},
                    ('hsm/open.cc:2', 'hsm/base/hash.h (by hsm/device.h) of base, which open does not link'))

    def test_a_source_without_target(self):
        self.expect({'hsm/lost.cc': ''}, ('hsm/lost.cc:1', 'no CMake target builds it'))

    def test_a_long_file(self):
        self.expect({'hsm/device.cc': '#include "hsm/device.h"\n' + '// A line.\n' * 400},
                    ('hsm/device.cc:401', '401 lines, more than 400'))

    def test_a_folder_of_many_files(self):
        readme = {'tests/unit/README.md': ''}
        self.assert_good({**readme, **{f'tests/unit/room/{n}.cc': '' for n in range(30)}})
        files = {f'tests/unit/room/{n}.{e}': '' for n, e in enumerate(['cc', 'h', 'py', 'proto', 'ts', 'js'] * 5 + ['cc'])}
        self.expect({**readme, **files}, ('tests/unit/room:1', '31 source files lie flat in it, more than 30'))

    def test_long_functions(self):
        body = '  if (x) {\n    y = "}";  // }\n  }\n' * 20
        text = (f'namespace a {{\nint Far::Fn(int x) {{\n{body}}}\nstruct S {{\n  void M(int x) {{\n{body}  }}\n}};\n'
                f'constexpr int kTable[] = {{\n' + '    1,\n' * 70 + '};\n'
                'const char* kRaw = R"(\n' + '{\n' * 70 + ')";\nint Short() {\n  return 1;\n}\n}\n')
        self.expect({'hsm/device.cc': '#include "hsm/device.h"\n' + text},
                    ('hsm/device.cc:3', 'Far::Fn has 62 lines'), ('hsm/device.cc:66', 'M has 62 lines'))

    def test_a_room_without_readme(self):
        self.expect({'hsm/README.md': None}, ('hsm/README.md:1', 'missing, and hsm has 4 sources'))

    def test_a_readme_that_does_not_say_who_includes_the_room(self):
        wrong = {'hsm/README.md': 'Devices.\n\nIncluded by `pin`.\n'}
        self.expect(wrong, ('hsm/README.md:3', 'does not end with who includes hsm; call tools/check-house --fix'))
        self.assertIn('all as docs/architecture.md says', self.findings(wrong, '--fix')[0])

    def test_tests_need_one_readme_for_each_kind(self):
        self.expect({f'tests/unit/room/{n}.cc': '' for n in range(4)}, ('tests/unit/README.md:1', 'missing'))

    def test_names_of_files_that_are_gone(self):
        self.expect({'hsm/README.md': 'It is in `ghost.h`,\n`base/hash.h` and\n'
                                      '[here](../docs/none.md), `hsm/nowhere/`, `hsm/base`.'
                     + INCLUDERS},
                    ('hsm/README.md:1', 'names ghost.h'), ('hsm/README.md:3', 'names docs/none.md'),
                    ('hsm/README.md:3', 'links to ../docs/none.md'), ('hsm/README.md:3', 'names hsm/nowhere/'))
        self.expect({'hsm/open.h': '// See docs/none.md, base/hash.h and /usr/include/stdio.h.\n'},
                    ('hsm/open.h:1', 'names docs/none.md'))
        self.expect({'hsm/v1/open.proto': '// What hsm/open.h and hsm/shut.h take.\n'},
                    ('hsm/v1/open.proto:1', 'names hsm/shut.h'))

    def test_links_that_lead_nowhere(self):
        page = '# A page\n\n## What `it` is, and how\n\n[up](#what-it-is-and-how) [out](https://example.org/#no)\n'
        self.assert_good({'docs/page.md': page, 'hsm/README.md':
                          '[a](../docs/page.md#a-page) [b](../docs/page.md) [c](base) [d](..)' + INCLUDERS})
        self.expect({'docs/page.md': page + '[gone](#what-it-was) [lost](../pin/lost)\n```\n[code](#none)\n```\n',
                     'hsm/README.md': 'See\n[a](../docs/page.md#another).' + INCLUDERS},
                    ('docs/page.md:6', 'links to #what-it-was, but docs/page.md has no such heading'),
                    ('docs/page.md:6', 'links to ../pin/lost, which does not exist'),
                    ('hsm/README.md:2', 'links to ../docs/page.md#another, but docs/page.md has no such heading'))

    def test_headings_that_come_twice_have_numbers(self):
        page = '# Same\n## Same\n```\n# Same\n```\n[a](#same) [b](#same-1) [c](#same-2)\n'
        self.expect({'docs/page.md': page}, ('docs/page.md:6', 'links to #same-2'))

    def test_quoted_headings_that_are_gone(self):
        page = '# A page\n\n## How `it` goes\n\n**In bold.** So.\n'
        good = '// docs/page.md, "How it goes"; docs/page.md,\n// "In bold".\n'
        self.assert_good({'docs/page.md': page, 'hsm/open.h': good})
        self.expect({'docs/page.md': page, 'hsm/open.h': good + '// Then (docs/page.md,\n// "How it went").\n',
                     'hsm/README.md': 'See `docs/page.md`, "Nothing".' + INCLUDERS},
                    ('hsm/open.h:3', 'names "How it went" of docs/page.md, which has no such heading'),
                    ('hsm/README.md:1', 'names "Nothing" of docs/page.md'))

    def test_it_explains_itself(self):
        told = subprocess.run([sys.executable, CHECK, '--help'], capture_output=True, text=True, check=True)
        self.assertIn('tools/check-house FOLDER', told.stdout)
        wrong = subprocess.run([sys.executable, CHECK, '--mend'], capture_output=True, text=True, check=False)
        self.assertEqual(wrong.returncode, 2)
        with tempfile.TemporaryDirectory() as empty:
            nothing = subprocess.run([sys.executable, CHECK, empty], capture_output=True, text=True, check=False)
        self.assertEqual(nothing.returncode, 1)
        self.assertIn('docs/architecture.md:1: not found', nothing.stderr)


if __name__ == '__main__':
    unittest.main()
