"""A small chart in SVG: panels side by side, both axes logarithmic."""

import math
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 300, 220, 48, 14, 28, 40
MARGIN = 10
COLORS = ["#8a8a8a", "#1f6feb", "#d1690e"]


def chart(across, xs, panels):
    """`panels`: a title, and lines with a name and a value for each of `xs`."""
    drawn = "".join(
        f'<g transform="translate({at * WIDTH},0)">{panel(across, xs, title, lines)}</g>'
        for at, (title, lines) in enumerate(panels)
    )
    width = WIDTH * len(panels) + MARGIN
    size = f'width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}"'
    style = 'font-family="sans-serif" font-size="10" fill="#555"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n<rect width="100%" height="100%" fill="#fff"/>\n{drawn}</svg>\n'


def panel(across, xs, title, lines):
    values = [value for _, line in lines for value in line]
    x = axis(xs, LEFT, WIDTH - RIGHT)
    y = axis(values, HEIGHT - BOTTOM, TOP)
    parts = [f'<text x="{LEFT}" y="14" font-weight="bold">{escape(title)}</text>']
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>')
    for tick in decades(xs):
        parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#eee"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{tick:,.0f}</text>')
    for tick in decades(values):
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#eee"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 3:.1f}" text-anchor="end">{tick:g}</text>')
    for at, (name, line) in enumerate(lines):
        color = COLORS[at if len(lines) > 1 else 1]
        points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(xs, line))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.6"/>')
        for a, b in zip(xs, line):
            parts.append(f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="2.2" fill="{color}"/>')
        parts.append(f'<text x="{LEFT + 8}" y="{TOP + 12 + 13 * at}" fill="{color}">{escape(name)}</text>')
    return "\n".join(parts) + "\n"


def decades(values):
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(low, max(high, low + 1) + 1)]


def axis(values, start, end):
    ticks = decades(values)
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])
    return lambda value: start + (math.log10(value) - low) / (high - low) * (end - start)
