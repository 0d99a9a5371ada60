"""The one compiled loop: k-means from many random starts on weighted rows.

Kept alone because importing numba costs half a second; only ``kmeans`` imports it, inside functions.
Rows are columns here (``xt`` is variables x rows) so that the inner loops run over rows and vectorise.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["run_starts"]


@numba.njit(nogil=True, cache=True, fastmath=True)
def run_starts(xt, weight, k, seeds, polish):
    """Greedy k-means++ and Lloyd's algorithm once a seed; the within-segment sum of squares of each, centres of the best.

    ``xt`` float64 (variables, rows), variables padded with zeros to a multiple of 4; ``weight`` float64 (rows,), positive;
    ``seeds`` uint32 (starts,); ``polish`` adds Hartigan's single-row moves. Returns float64 (starts,) and (k, variables).
    """
    p, n = xt.shape
    block = 256
    huge = 1e300
    norm = np.zeros(n)
    for j in range(p):
        for i in range(n):
            norm[i] += xt[j, i] * xt[j, i]
    total = 0.0
    for i in range(n):
        total += weight[i] * norm[i]
    trials = 2 + int(np.log(k))
    within = np.empty(seeds.size)
    best_centres = np.zeros((k, p))
    best_within = huge
    centres = np.zeros((k, p))
    nearest = np.empty(n)
    trial = np.empty(n)
    kept = np.empty(n)
    score = np.empty(block)
    other = np.empty(block)
    lowest = np.empty(block)
    label = np.empty(block, np.int64)
    for start in range(seeds.size):
        np.random.seed(seeds[start])
        # Greedy k-means++: of a few random rows, take the one that lowers the sum of squared distances most.
        nearest[:] = huge
        potential = 0.0
        for c in range(k):
            tries = trials if c > 0 else 1
            kept_potential = huge
            kept_row = 0
            for _ in range(tries):
                draw = np.random.random()
                row = n - 1
                mass = 0.0
                if c == 0 or potential <= 0.0:
                    goal = draw * weight.sum()
                    for i in range(n):
                        mass += weight[i]
                        if mass > goal:
                            row = i
                            break
                else:
                    goal = draw * potential
                    for i in range(n):
                        mass += weight[i] * nearest[i]
                        if mass > goal:
                            row = i
                            break
                for i in range(n):
                    trial[i] = norm[i] + norm[row]
                for j in range(0, p, 4):
                    a, b = 2.0 * xt[j, row], 2.0 * xt[j + 1, row]
                    d, e = 2.0 * xt[j + 2, row], 2.0 * xt[j + 3, row]
                    for i in range(n):
                        trial[i] -= a * xt[j, i] + b * xt[j + 1, i] + d * xt[j + 2, i] + e * xt[j + 3, i]
                new_potential = 0.0
                for i in range(n):
                    value = max(trial[i], 0.0)
                    value = min(value, nearest[i])
                    trial[i] = value
                    new_potential += weight[i] * value
                if new_potential < kept_potential:
                    kept_potential = new_potential
                    kept_row = row
                    kept[:] = trial
            nearest[:] = kept
            potential = kept_potential
            for j in range(p):
                centres[c, j] = xt[j, kept_row]
        # Lloyd: sums and weights a segment, updated only for rows that change.
        labels = np.full(n, -1, np.int64)
        sums = np.zeros((k, p))
        mass_of = np.zeros(k)
        for _ in range(500):
            changed = 0
            for low in range(0, n, block):
                m = min(block, n - low)
                for i in range(m):
                    lowest[i] = huge
                for c in range(0, k, 2):  # two centres a pass: rows are loaded half as often
                    o = min(c + 1, k - 1)
                    half, other_half = 0.0, 0.0
                    for j in range(p):
                        half += 0.5 * centres[c, j] * centres[c, j]
                        other_half += 0.5 * centres[o, j] * centres[o, j]
                    for i in range(m):
                        score[i] = half
                        other[i] = other_half
                    for j in range(0, p, 4):
                        a, b, d, e = centres[c, j], centres[c, j + 1], centres[c, j + 2], centres[c, j + 3]
                        f, g, h, q = centres[o, j], centres[o, j + 1], centres[o, j + 2], centres[o, j + 3]
                        for i in range(m):
                            r, s, t, u = xt[j, low + i], xt[j + 1, low + i], xt[j + 2, low + i], xt[j + 3, low + i]
                            score[i] -= a * r + b * s + d * t + e * u
                            other[i] -= f * r + g * s + h * t + q * u
                    for i in range(m):
                        nearer = score[i] < lowest[i]
                        lowest[i] = score[i] if nearer else lowest[i]
                        label[i] = c if nearer else label[i]
                        nearer = other[i] < lowest[i]
                        lowest[i] = other[i] if nearer else lowest[i]
                        label[i] = o if nearer else label[i]
                for i in range(m):
                    old, new = labels[low + i], label[i]
                    if old != new:
                        changed += 1
                        w = weight[low + i]
                        labels[low + i] = new
                        mass_of[new] += w
                        for j in range(p):
                            sums[new, j] += w * xt[j, low + i]
                        if old >= 0:
                            mass_of[old] -= w
                            for j in range(p):
                                sums[old, j] -= w * xt[j, low + i]
            if changed == 0:
                break
            for c in range(k):
                if mass_of[c] > 1e-9:  # an emptied segment keeps its centre
                    for j in range(p):
                        centres[c, j] = sums[c, j] / mass_of[c]
        # Hartigan: move single rows while that helps; optima that differ by a row or two become one.
        moved = polish
        while moved:
            moved = False
            for i in range(n):
                own, w = labels[i], weight[i]
                if mass_of[own] <= w * (1.0 + 1e-9):
                    continue
                best_cost, target = huge, -1
                own_cost = 0.0
                for c in range(k):
                    distance = 0.0
                    for j in range(p):
                        distance += (xt[j, i] - centres[c, j]) ** 2
                    if c == own:
                        own_cost = distance * mass_of[c] / (mass_of[c] - w)
                    else:
                        cost = distance * mass_of[c] / (mass_of[c] + w)
                        if cost < best_cost:
                            best_cost, target = cost, c
                if target >= 0 and best_cost < own_cost * (1.0 - 1e-9):
                    moved = True
                    labels[i] = target
                    mass_of[own] -= w
                    mass_of[target] += w
                    for j in range(p):
                        sums[own, j] -= w * xt[j, i]
                        sums[target, j] += w * xt[j, i]
                        centres[own, j] = sums[own, j] / mass_of[own]
                        centres[target, j] = sums[target, j] / mass_of[target]
        explained = 0.0
        for c in range(k):
            if mass_of[c] > 1e-9:
                for j in range(p):
                    explained += sums[c, j] * sums[c, j] / mass_of[c]
        within[start] = max(total - explained, 0.0)
        if within[start] < best_within:
            best_within = within[start]
            best_centres[:, :] = centres
    return within, best_centres
