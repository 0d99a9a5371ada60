"""The compiled loops: k-means from many starts on weighted rows, and the labels that centres give.

Kept alone because importing numba costs half a second; only ``kmeans`` imports it, inside functions. Rows are stored in
blocks of 128, each block variable after variable, in one flat float32 array: element ``(block * width + variable) * 128 + row``,
``width`` the number of variables padded with zeros to a multiple of 4. The inner loops then run over the rows of a block, which
stays in the first-level cache, and become vector instructions. Sums, masses and everything reported are float64.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["BLOCK", "label_rows", "pack_rows", "place_rows", "run_starts"]

BLOCK = 128
FAST = {"nogil": True, "fastmath": True, "error_model": "numpy"}
HUGE, TINY = np.float32(3e38), np.float32(1e-30)


@numba.njit("float32[::1](float32[:,::1], int64[::1])", cache=True, **FAST)
def pack_rows(values, index):
    """Rows ``index`` of a matrix (rows, variables) as blocks; places after the last row hold zeros."""
    n, p = index.size, values.shape[1]
    width = (p + 3) // 4 * 4
    blocks = (n + BLOCK - 1) // BLOCK
    packed = np.zeros(blocks * width * BLOCK, np.float32)
    for i in range(n):
        at = (i // BLOCK) * width * BLOCK + i % BLOCK
        row = index[i]
        for j in range(p):
            packed[at + j * BLOCK] = values[row, j]
    return packed


@numba.njit(**FAST)
def _score_two(x, width, c, half, a, b, s):
    """|c|^2 / 2 - x.c of the 128 rows of a block for centres a and b, into s[0:128] and s[128:256]."""
    half_a, half_b = half[a], half[b]
    for i in range(BLOCK):
        s[i] = half_a
        s[BLOCK + i] = half_b
    for j in range(0, width, 4):
        o = x[j * BLOCK : (j + 4) * BLOCK]
        a0, a1, a2, a3 = c[a, j], c[a, j + 1], c[a, j + 2], c[a, j + 3]
        b0, b1, b2, b3 = c[b, j], c[b, j + 1], c[b, j + 2], c[b, j + 3]
        for i in range(BLOCK):
            q, r, t, u = o[i], o[BLOCK + i], o[2 * BLOCK + i], o[3 * BLOCK + i]
            s[i] -= a0 * q + a1 * r + a2 * t + a3 * u
            s[BLOCK + i] -= b0 * q + b1 * r + b2 * t + b3 * u


@numba.njit(**FAST)
def _score_four(x, width, c, half, a, b, d, e, s):
    """The same for four centres a pass: a block is read a quarter as often."""
    half_a, half_b, half_d, half_e = half[a], half[b], half[d], half[e]
    for i in range(BLOCK):
        s[i] = half_a
        s[BLOCK + i] = half_b
        s[2 * BLOCK + i] = half_d
        s[3 * BLOCK + i] = half_e
    for j in range(0, width, 4):
        o = x[j * BLOCK : (j + 4) * BLOCK]
        a0, a1, a2, a3 = c[a, j], c[a, j + 1], c[a, j + 2], c[a, j + 3]
        b0, b1, b2, b3 = c[b, j], c[b, j + 1], c[b, j + 2], c[b, j + 3]
        d0, d1, d2, d3 = c[d, j], c[d, j + 1], c[d, j + 2], c[d, j + 3]
        e0, e1, e2, e3 = c[e, j], c[e, j + 1], c[e, j + 2], c[e, j + 3]
        for i in range(BLOCK):
            q, r, t, u = o[i], o[BLOCK + i], o[2 * BLOCK + i], o[3 * BLOCK + i]
            s[i] -= a0 * q + a1 * r + a2 * t + a3 * u
            s[BLOCK + i] -= b0 * q + b1 * r + b2 * t + b3 * u
            s[2 * BLOCK + i] -= d0 * q + d1 * r + d2 * t + d3 * u
            s[3 * BLOCK + i] -= e0 * q + e1 * r + e2 * t + e3 * u


@numba.njit(**FAST)
def _nearest(x, width, c, half, k, s, lowest, label):
    """Nearest centre of each row of a block, the first of equals."""
    for i in range(BLOCK):
        lowest[i] = HUGE
        label[i] = 0
    first = 0
    while first < k:
        last = k - 1
        if k - first >= 3:
            b, d, e = first + 1, first + 2, min(first + 3, last)
            _score_four(x, width, c, half, first, b, d, e, s)
            for i in range(BLOCK):
                low, place = lowest[i], label[i]
                place = np.int32(first) if s[i] < low else place
                low = min(low, s[i])
                place = np.int32(b) if s[BLOCK + i] < low else place
                low = min(low, s[BLOCK + i])
                place = np.int32(d) if s[2 * BLOCK + i] < low else place
                low = min(low, s[2 * BLOCK + i])
                place = np.int32(e) if s[3 * BLOCK + i] < low else place
                low = min(low, s[3 * BLOCK + i])
                lowest[i], label[i] = low, place
            first += 4
        else:
            b = min(first + 1, last)
            _score_two(x, width, c, half, first, b, s)
            for i in range(BLOCK):
                low, place = lowest[i], label[i]
                place = np.int32(first) if s[i] < low else place
                low = min(low, s[i])
                place = np.int32(b) if s[BLOCK + i] < low else place
                low = min(low, s[BLOCK + i])
                lowest[i], label[i] = low, place
            first += 2


@numba.njit(**FAST)
def _set_centres(centres, c, half):
    """float32 copies of the centres and |c|^2 / 2."""
    for a in range(centres.shape[0]):
        square = 0.0
        for j in range(centres.shape[1]):
            c[a, j] = centres[a, j]
            square += np.float64(c[a, j]) * c[a, j]
        half[a] = 0.5 * square


@numba.njit("int32[::1](float32[::1], int64, float64[:,::1])", cache=True, **FAST)
def label_rows(packed, n, centres):
    """Nearest centre of each of the first ``n`` packed rows; ``centres`` (k, width)."""
    k, width = centres.shape
    c, half = np.empty((k, width), np.float32), np.empty(k, np.float32)
    _set_centres(centres, c, half)
    blocks = (n + BLOCK - 1) // BLOCK
    labels = np.empty(blocks * BLOCK, np.int32)
    s, lowest = np.empty(4 * BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for block in range(blocks):
        x = packed[block * width * BLOCK : (block + 1) * width * BLOCK]
        _nearest(x, width, c, half, k, s, lowest, labels[block * BLOCK : (block + 1) * BLOCK])
    return labels[:n]


@numba.njit(**FAST)
def _next_random(state):
    """A number in [0, 1) and the next state (splitmix64)."""
    state += np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * 1.1102230246251565e-16, state


@numba.njit(**FAST)
def _draw_row(goal, mass, weight, near, by_weight):
    """The row at which the running sum of weight (times squared distance) passes ``goal``; ``mass`` are the sums by block."""
    block = 0
    last = mass.size - 1
    while block < last and mass[block] <= goal:
        goal -= mass[block]
        block += 1
    row = -1
    for i in range(block * BLOCK, (block + 1) * BLOCK):
        value = np.float64(weight[i]) if by_weight else np.float64(weight[i]) * near[i]
        if value > 0.0:
            row = i
            goal -= value
            if goal < 0.0:
                break
    return row


@numba.njit(**FAST)
def _seed(packed, weight, norm, mass_by_weight, k, state, centres, near, trial, mass, mass_of_trial, s):
    """Greedy k-means++ (of a few random rows, the one that lowers the sum of squared distances most) into ``centres``."""
    width = centres.shape[1]
    blocks = mass.size
    trials = 2 + int(np.log(k))
    candidate, half = np.zeros((4, width), np.float32), np.zeros(4, np.float32)
    rows, found = np.zeros(4, np.int64), np.zeros(4)
    near[:] = HUGE
    potential = 0.0
    for a in range(k):
        by_weight = a == 0 or potential <= 0.0
        best, left = np.inf, 1 if a == 0 else trials
        while left > 0:
            now = min(left, 4)
            left -= now
            for t in range(4):
                if t < now:
                    draw, state = _next_random(state)
                    source = mass_by_weight if by_weight else mass
                    rows[t] = max(_draw_row(draw * source.sum(), source, weight, near, by_weight), 0)
                else:
                    rows[t] = rows[now - 1]
                at = (rows[t] // BLOCK) * width * BLOCK + rows[t] % BLOCK
                square = np.float32(0.0)
                for j in range(width):
                    value = packed[at + j * BLOCK]
                    candidate[t, j] = value
                    square += value * value
                half[t] = np.float32(0.5) * square
                found[t] = 0.0
            for block in range(blocks):
                x = packed[block * width * BLOCK : (block + 1) * width * BLOCK]
                if now > 2:
                    _score_four(x, width, candidate, half, 0, 1, 2, 3, s)
                else:
                    _score_two(x, width, candidate, half, 0, 1, s)
                z, w = norm[block * BLOCK : (block + 1) * BLOCK], weight[block * BLOCK : (block + 1) * BLOCK]
                y = near[block * BLOCK : (block + 1) * BLOCK]
                for t in range(now):
                    total = np.float32(0.0)
                    u = s[t * BLOCK : (t + 1) * BLOCK]
                    out = trial[t, block * BLOCK : (block + 1) * BLOCK]
                    for i in range(BLOCK):
                        value = max(np.float32(2.0) * (z[i] + u[i]), np.float32(0.0))
                        value = min(value, y[i])
                        out[i] = value
                        total += w[i] * value
                    mass_of_trial[t, block] = total
                    found[t] += total
            for t in range(now):
                if found[t] < best:
                    best = found[t]
                    # kept in row 4 until the next batch of candidates has been tried
                    trial[4, :] = trial[t, :]
                    mass_of_trial[4, :] = mass_of_trial[t, :]
                    for j in range(width):
                        centres[a, j] = candidate[t, j]
        near[:] = trial[4, :]
        mass[:] = mass_of_trial[4, :]
        potential = best
    return state


@numba.njit(**FAST)
def _lloyd(values, index, packed, weight, floor, passes, least, centres, labels, sums, mass, c, half, s, lowest, label):
    """Lloyd's algorithm until rows of no more weight than ``least`` change; sums are updated only for rows that do."""
    k, width = centres.shape
    blocks = labels.size // BLOCK
    labels[:] = -1
    sums[:, :] = 0.0
    mass[:] = 0.0
    for _ in range(passes):
        _set_centres(centres, c, half)
        moved = 0.0
        for block in range(blocks):
            base = block * width * BLOCK
            _nearest(packed[base : base + width * BLOCK], width, c, half, k, s, lowest, label)
            old = labels[block * BLOCK : (block + 1) * BLOCK]
            differ = np.int32(0)
            for i in range(BLOCK):
                differ |= old[i] ^ label[i]
            if differ == 0:
                continue
            for i in range(BLOCK):
                if old[i] != label[i]:
                    w = np.float64(weight[block * BLOCK + i])
                    if w > 0.0:
                        moved += w
                        row, here, there = index[block * BLOCK + i], old[i], label[i]
                        mass[there] += w
                        for j in range(width):
                            sums[there, j] += w * values[row, j]
                        if here >= 0:
                            mass[here] -= w
                            for j in range(width):
                                sums[here, j] -= w * values[row, j]
                    old[i] = label[i]
        if moved > 0.0:
            for a in range(k):
                if mass[a] > floor:  # an emptied segment keeps its centre
                    for j in range(width):
                        centres[a, j] = sums[a, j] / mass[a]
        if moved <= least:
            break


@numba.njit(**FAST)
def _polish(values, index, packed, weight, norm, centres, labels, sums, mass, c, half, s):
    """Hartigan's moves of single rows while they help; float32 scores point at rows, float64 decides."""
    k, width = centres.shape
    blocks = labels.size // BLOCK
    own_cost, best_cost = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for _ in range(200):
        moved = False
        _set_centres(centres, c, half)
        for block in range(blocks):
            base = block * width * BLOCK
            x = packed[base : base + width * BLOCK]
            z, w = norm[block * BLOCK : (block + 1) * BLOCK], weight[block * BLOCK : (block + 1) * BLOCK]
            own = labels[block * BLOCK : (block + 1) * BLOCK]
            for i in range(BLOCK):
                own_cost[i] = 0.0
                best_cost[i] = HUGE
            for first in range(0, k, 2):
                b = min(first + 1, k - 1)
                _score_two(x, width, c, half, first, b, s)
                for second in range(2):
                    a = b if second else first
                    u = s[second * BLOCK : (second + 1) * BLOCK]
                    m = np.float32(mass[a])
                    for i in range(BLOCK):
                        distance = max(np.float32(2.0) * (z[i] + u[i]), np.float32(0.0))
                        mine = own[i] == a
                        cost = distance * m / max(m + (-w[i] if mine else w[i]), TINY)
                        own_cost[i] = cost if mine else own_cost[i]
                        best_cost[i] = best_cost[i] if mine else min(best_cost[i], cost)
            hopeful = 0
            for i in range(BLOCK):
                hopeful += best_cost[i] < own_cost[i] * np.float32(1.0001)
            if hopeful == 0:
                continue
            for i in range(BLOCK):
                if not best_cost[i] < own_cost[i] * np.float32(1.0001):
                    continue
                here, v = own[i], np.float64(w[i])
                if v <= 0.0 or mass[here] <= v * (1.0 + 1e-9):
                    continue
                row = index[block * BLOCK + i]
                least, target, cost_here = np.inf, -1, 0.0
                for a in range(k):
                    distance = 0.0
                    for j in range(width):
                        distance += (values[row, j] - centres[a, j]) ** 2
                    if a == here:
                        cost_here = distance * mass[a] / (mass[a] - v)
                    else:
                        cost = distance * mass[a] / (mass[a] + v)
                        if cost < least:
                            least, target = cost, a
                if target >= 0 and least < cost_here * (1.0 - 1e-9):
                    moved = True
                    own[i] = target
                    mass[here] -= v
                    mass[target] += v
                    for j in range(width):
                        sums[here, j] -= v * values[row, j]
                        sums[target, j] += v * values[row, j]
                        centres[here, j] = sums[here, j] / mass[here]
                        centres[target, j] = sums[target, j] / mass[target]
        if not moved:
            break


@numba.njit(
    "Tuple((float64[::1], float64[:,:,::1]))"
    "(float32[:,::1], int64[::1], float32[::1], float32[::1], int64, uint32[::1], float64[:,:,::1], int64, float64, boolean)",
    cache=True,
    **FAST,
)
def run_starts(values, index, packed, weight, k, seeds, given, passes, least, polish):
    """Within-segment sum of squares and centres of every start.

    ``values`` (rows, width) row after row, for the few rows that change; ``packed`` its rows ``index`` in blocks; ``weight`` float32,
    one a place of a block, 0 for places without a row; ``seeds`` one a random start; ``given`` (starts, k, width) begins from
    those centres instead, and then ``seeds`` is not looked at. ``passes``: most passes over the rows; ``least``: weight of changed
    rows at which a start ends; ``polish``: Hartigan's moves at the end. Returns (starts,) and (starts, k, width).
    """
    places = weight.size
    blocks = places // BLOCK
    width = packed.size // places
    norm, mass_by_weight = np.zeros(places, np.float32), np.zeros(blocks)
    total = 0.0
    for block in range(blocks):
        for j in range(width):
            x = packed[(block * width + j) * BLOCK : (block * width + j + 1) * BLOCK]
            for i in range(BLOCK):
                norm[block * BLOCK + i] += np.float32(0.5) * x[i] * x[i]
                total += np.float64(weight[block * BLOCK + i]) * (np.float64(x[i]) * np.float64(x[i]))
        for i in range(BLOCK):
            mass_by_weight[block] += weight[block * BLOCK + i]
    smallest = HUGE
    for i in range(places):
        if weight[i] > 0.0:
            smallest = min(smallest, weight[i])
    floor = 0.5 * smallest  # a segment of less weight than any row is an empty one, but for rounding
    random = given.shape[0] == 0
    starts = seeds.size if random else given.shape[0]
    within, found = np.empty(starts), np.zeros((starts, k, width))
    room = places if random else 0
    near, trial = np.empty(room, np.float32), np.empty((5, room), np.float32)
    potential, potential_of_trial = np.empty(blocks), np.empty((5, blocks))
    labels = np.empty(places, np.int32)
    sums, mass = np.empty((k, width)), np.empty(k)
    c, half = np.empty((k, width), np.float32), np.empty(k, np.float32)
    s, lowest, label = np.empty(4 * BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.int32)
    for start in range(starts):
        centres = found[start]
        if random:
            _seed(
                packed,
                weight,
                norm,
                mass_by_weight,
                k,
                np.uint64(seeds[start]),
                centres,
                near,
                trial,
                potential,
                potential_of_trial,
                s,
            )
        else:
            centres[:, :] = given[start]
        _lloyd(
            values, index, packed, weight, floor, passes, least, centres, labels, sums, mass, c, half, s, lowest, label
        )
        if polish:
            _polish(values, index, packed, weight, norm, centres, labels, sums, mass, c, half, s)
        explained = 0.0
        for a in range(k):
            if mass[a] > floor:
                for j in range(width):
                    explained += sums[a, j] * sums[a, j] / mass[a]
        rest = total - explained
        within[start] = rest if rest > 1e-12 * total else 0.0
    return within, found


@numba.njit(
    "Tuple((int32[::1], int32[::1], int32[::1], float64[:,::1]))(float64[:,::1], float64[:,::1])",
    cache=True,
    nogil=True,
    error_model="numpy",  # and not fastmath, which would take NaN for a number
)
def place_rows(columns, centres):
    """Nearest and second-nearest centre by the variables a row has, their number, and the sums of squares (k, rows).

    ``columns`` (variables, rows) with NaN where a value is missing; ``centres`` (k, variables), k at least 2.
    """
    p, n = columns.shape
    k = centres.shape[0]
    first, second, observed = np.zeros(n, np.int32), np.ones(n, np.int32), np.zeros(n, np.int32)
    squares = np.zeros((k, n))
    near, next_one = np.empty(BLOCK), np.empty(BLOCK)
    for low in range(0, n, BLOCK):
        m = min(BLOCK, n - low)
        for j in range(p):
            for i in range(m):
                observed[low + i] += np.int32(columns[j, low + i] == columns[j, low + i])
        for i in range(m):
            near[i] = np.inf
            next_one[i] = np.inf
        for a in range(k):
            for j in range(p):
                c = centres[a, j]
                for i in range(m):
                    value = columns[j, low + i]
                    difference = value - c
                    squares[a, low + i] += difference * difference if value == value else 0.0
            for i in range(m):
                s = squares[a, low + i]
                if s < near[i]:
                    next_one[i], second[low + i] = near[i], first[low + i] if a > 0 else 1
                    near[i], first[low + i] = s, a
                elif s < next_one[i]:
                    next_one[i], second[low + i] = s, a
    return first, second, observed, squares
