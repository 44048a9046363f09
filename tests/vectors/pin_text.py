#!/usr/bin/env python3
"""What docs/protocol.md, "The bytes of a PIN", makes of what was typed: by Python's own Unicode tables.

    tests/vectors/pin_text.py            writes the vectors of pin_text.txt to standard output
    tests/vectors/pin_text.py --all      the same for every character that changes, and both ends of every run of
                                         those that are refused or stay: alone, decomposed, after a letter

A line is `typed pin # note`, in hexadecimal; `refused` where there is no such PIN, `-` for nothing.
"""

import sys
import unicodedata

MOST = 1024
JOINERS = (0x200C, 0x200D)


def refused(character):
    category = unicodedata.category(character)
    return category in ('Cc', 'Zl', 'Zp', 'Co', 'Cs', 'Cn') or (category == 'Cf' and ord(character) not in JOINERS)


def pin_of(typed):
    """The PIN's bytes; None if there is none."""
    try:
        text = typed.decode('utf-8')
    except UnicodeDecodeError:
        return None
    if not text or any(map(refused, text)):
        return None
    text = ''.join(str(unicodedata.decimal(c)) if unicodedata.category(c) == 'Nd' else c for c in text)
    pin = unicodedata.normalize('NFC', text).encode('utf-8')
    return pin if len(pin) <= MOST else None


def line(typed, note=''):
    pin = pin_of(typed)
    return f'{typed.hex() or "-"} {"refused" if pin is None else pin.hex()}' + (f' # {note}' if note else '')


VECTORS = [
    ('493817', 'digits'),
    ('０１２３４５６７８９', 'full-width digits'),
    ('٤٩٣٨١٧', 'Arabic-Indic digits'),
    ('۴۹۳۸۱۷', 'extended Arabic-Indic digits'),
    ('४९३८१७', 'Devanagari digits'),
    ('𝟒𝟡𝟛𝟪𝟭𝟽', 'mathematical digits'),
    ('①②③', 'digits in circles are no decimal digits'),
    ('½', 'nor are fractions'),
    ('四九三', 'nor are Chinese numerals'),
    ('Caf\u00e9', 'composed'),
    ('Cafe\u0301', 'decomposed: the same PIN'),
    ('\u212b\u2126\u212a', 'Angstrom, Ohm and Kelvin signs are letters in NFC'),
    ('\u1112\u1161\u11ab', 'Hangul, decomposed'),
    ('\ud55c', 'Hangul, composed: the same PIN'),
    ('\u1e9b\u0323', 'a long s with two marks'),
    ('a\u0323\u0307', 'two marks in order'),
    ('a\u0307\u0323', 'and out of order: the same PIN'),
    ('\u0958', 'composed, but excluded from composition'),
    ('\ufb01', 'a ligature stays: NFC is not NFKC'),
    ('Ａ', 'and so does a full-width letter'),
    ('Straße', 'nothing is folded but digits'),
    (' 4938 17 ', 'spaces stay'),
    ('\u3000', 'of any width'),
    ('\u00a0', 'and those that do not break'),
    ('🦄🔑', 'emoji'),
    ('👨\u200d👩\u200d👧', 'joined by U+200D'),
    ('می\u200cخواهم', 'Persian, with U+200C'),
    ('❤\ufe0f', 'a variation selector stays'),
    ('', 'empty'),
    ('4938\r', 'a carriage return'),
    ('4938\n17', 'two lines'),
    ('\x1b[A493817', 'an arrow key'),
    ('\x1b[200~493817\x1b[201~', 'a bracketed paste'),
    ('4938\x0017', 'NUL'),
    ('4938\t17', 'a tab'),
    ('4938\x7f17', 'DEL'),
    ('4938\u009b17', 'a control of Latin-1'),
    ('\ufeff493817', 'a byte-order mark'),
    ('4938\u200b17', 'a space without width'),
    ('\u202e493817', 'a mark of direction'),
    ('49\u00ad38', 'a soft hyphen'),
    ('4938\u202817', 'a line separator'),
    ('\uf8ff', 'private use'),
    ('\u0378', 'not assigned'),
    ('\uffff', 'never assigned'),
    ('x' * 1024, '1024 bytes'),
    ('x' * 1025, '1025 bytes'),
    ('é' * 512, '1024 bytes'),
    ('e\u0301' * 512, '1536 bytes that are 1024'),
    ('\u0958' * 171, '513 bytes that are 1026'),
]
BYTES = [
    (b'4938\xff', 'no UTF-8'),
    (b'\xe9', 'Latin-1'),
    (b'\xc3', 'cut short'),
    (b'\xc0\xb4', 'overlong'),
    (b'\xed\xa0\x80', 'a surrogate'),
    (b'\xf4\x90\x80\x80', 'beyond Unicode'),
]


def fate(character):
    typed = character.encode('utf-8')
    pin = pin_of(typed)
    return 'refused' if pin is None else 'stays' if pin == typed else pin


def telling_characters():
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    fates = [fate(c) for c in characters]
    for i, character in enumerate(characters):
        before, after = fates[max(i - 1, 0)], fates[min(i + 1, len(fates) - 1)]
        if fates[i] in ('refused', 'stays') and before == fates[i] == after:
            continue
        yield character
        yield 'a' + character + '\u0323'
        yield unicodedata.normalize('NFD', character)


def main():
    if sys.argv[1:] == ['--all']:
        for text in telling_characters():
            print(line(text.encode('utf-8')))
        return
    print(f'# Made by pin_text.py, Unicode {unicodedata.unidata_version}. docs/protocol.md, "The bytes of a PIN".')
    for text, note in VECTORS:
        print(line(text.encode('utf-8'), note))
    for typed, note in BYTES:
        print(line(typed, note))


main()
