"""Plots of tools/bench/report, written as SVG by hand: no library is needed, and the same figures give the same file."""
import math

COLOURS = ["#4a7ba6", "#b3261e", "#3d7a4a", "#8a5a00"]
LEFT, WIDTH, HEIGHT, TOP = 70, 560, 200, 40


def svg(path, width, height, parts):
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="13">',
            '<rect width="100%" height="100%" fill="white"/>']
    path.write_text("\n".join(head + parts + ["</svg>"]) + "\n")


def title_of(title):
    return f'<text x="10" y="22" font-size="15" font-weight="bold">{title}</text>'


def bars(path, title, rows, aims):
    """One bar for each (label, value); an aim is a mark across its bar."""
    left, width, height = 190, 420, 34
    most = max([value for _, value in rows] + [aim for aim in aims if aim is not None] + [1e-9]) * 1.15
    parts = [title_of(title)]
    for number, ((label, value), aim) in enumerate(zip(rows, aims)):
        top = 38 + number * height
        length = width * value / most
        parts.append(f'<text x="{left - 8}" y="{top + 16}" text-anchor="end">{label}</text>')
        parts.append(f'<rect x="{left}" y="{top}" width="{length:.1f}" height="22" fill="{COLOURS[0]}"/>')
        parts.append(f'<text x="{left + length + 6:.1f}" y="{top + 16}">{value:g}</text>')
        if aim is not None:
            at = left + width * aim / most
            parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top - 4}" y2="{top + 26}" '
                         f'stroke="{COLOURS[1]}" stroke-width="2"><title>aim: {aim}</title></line>')
    svg(path, left + width + 80, 50 + height * len(rows), parts)


class Axis:
    """From values to places on a line of `length`, from `least` to `most`; logarithmic or not."""

    def __init__(self, values, length, log):
        self.log, self.length = log, length
        values = [v for v in values if not log or v > 0]
        self.least = min(values) if log else 0
        self.most = max(values) * (1.3 if log else 1.08)
        if log:
            self.least /= 1.3

    def place(self, value):
        if not self.log:
            return self.length * value / self.most
        span = math.log10(self.most / self.least)
        return self.length * math.log10(max(value, self.least) / self.least) / span

    def ticks(self):
        if self.log:
            first, last = math.floor(math.log10(self.least)), math.ceil(math.log10(self.most))
            return [10 ** e for e in range(first, last + 1) if self.least <= 10 ** e <= self.most]
        step = 10 ** math.floor(math.log10(self.most))
        step = next(s for s in (step / 5, step / 2, step, 2 * step) if self.most / s <= 6)
        return [n * step for n in range(int(self.most / step) + 1)]


def number(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def panel(top, names, x_label, y_label, series, x_log, y_log, dots):
    """One set of axes with its curves: a list of (x, y) for each of `names`, with points where `dots` has the name."""
    x = Axis([p[0] for points in series for p in points], WIDTH, x_log)
    y = Axis([p[1] for points in series for p in points], HEIGHT, y_log)
    bottom = top + HEIGHT
    parts = [f'<path d="M{LEFT} {top}V{bottom}H{LEFT + WIDTH}" fill="none" stroke="#444"/>']
    for tick in x.ticks():
        at = LEFT + x.place(tick)
        parts.append(f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle" font-size="11">{number(tick)}</text>')
    for tick in y.ticks():
        at = bottom - y.place(tick)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{LEFT + WIDTH}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end" font-size="11">{number(tick)}</text>')
    parts.append(f'<text x="{LEFT + WIDTH}" y="{bottom + 32}" text-anchor="end" font-size="12">{x_label}</text>')
    parts.append(f'<text x="{LEFT + 4}" y="{top - 6}" font-size="12">{y_label}</text>')
    for index, (name, points) in enumerate(zip(names, series)):
        colour = COLOURS[index % len(COLOURS)]
        places = [(LEFT + x.place(a), bottom - y.place(b)) for a, b in points]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.2"/>')
        if name in dots:
            parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in places]
        parts.append(f'<text x="{LEFT + WIDTH + 8}" y="{top + 14 + 18 * index}" fill="{colour}" font-size="12">{name}</text>')
    return parts


def curves(path, title, panels):
    """Axes one below the other: each a dict of panel's arguments but `top`."""
    parts = [title_of(title)]
    for index, arguments in enumerate(panels):
        parts += panel(TOP + 20 + index * (HEIGHT + 70), **arguments)
    svg(path, LEFT + WIDTH + 190, TOP + 20 + len(panels) * (HEIGHT + 70), parts)
